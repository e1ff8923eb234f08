// What the virtual machine is made of besides this checkout and the host's programs: Debian packages, unpacked and not installed.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

/** The kernel by its metapackage: its name changes with every security update. */
const kernelPackage = "linux-image-cloud-amd64";
const packages = ["busybox-static", "ipset", "kmod", "libipset13", "libkmod2"];

function apt(program, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr?.trim() || error?.message}`);
  return stdout;
}

/** The package that a metapackage stands for now. */
function resolveKernel() {
  const text = apt("apt-cache", ["depends", "--important", kernelPackage]);
  const name = /Depends: (linux-image-\S+)/.exec(text)?.[1];
  if (name === undefined) throw new Error(`apt-cache knows no kernel for ${kernelPackage}: ${text.trim()}`);
  return name;
}

function download(directory) {
  apt("apt-get", ["--quiet", "download", resolveKernel(), ...packages], directory);
  for (const file of readdirSync(directory).filter((name) => name.endsWith(".deb"))) {
    apt("dpkg", ["-x", file, "."], directory);
    rmSync(join(directory, file));
  }
}

/** Unpacks the packages into `directory` unless they are there; returns the kernel's version. Throws with what apt said. */
export function unpackPackages(directory) {
  const modules = join(directory, "lib", "modules");
  if (!existsSync(modules)) {
    const partial = `${directory}.partial`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    try {
      download(partial);
    } catch {
      // The package lists may be missing or older than the mirror.
      apt("apt-get", ["--quiet", "update"]);
      download(partial);
    }
    const [version] = readdirSync(join(partial, "lib", "modules"));
    // One program under many names; which of them is meant, it tells by the first word.
    const depmod = spawnSync(join(partial, "bin", "kmod"), ["-b", partial, version], {
      argv0: "depmod",
      encoding: "utf8",
      env: { ...process.env, LD_LIBRARY_PATH: join(partial, "lib", "x86_64-linux-gnu") },
    });
    if (depmod.status !== 0) throw new Error(`depmod: ${depmod.stderr?.trim() || depmod.error?.message}`);
    rmSync(directory, { recursive: true, force: true });
    renameSync(partial, directory);
  }
  return readdirSync(modules)[0];
}
