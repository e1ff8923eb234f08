import { kubernetesVersion } from "../../kubernetes/version.ts";

/** What /version says: the fields of Kubernetes' version.Info, all of which clients expect. */
export const serverVersion = {
  ...kubernetesVersion,
  gitCommit: "",
  gitTreeState: "",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "",
  compiler: "node",
  platform: `linux/${process.arch === "x64" ? "amd64" : process.arch}`,
};
