/** What /version says. kubectl compares the minor version with its own and warns when they are far apart. */
export const serverVersion = {
  major: "1",
  minor: "32",
  gitVersion: "v1.32.0+fairway",
  gitCommit: "",
  gitTreeState: "",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "",
  compiler: "node",
  platform: `linux/${process.arch === "x64" ? "amd64" : process.arch}`,
};
