// The archive that Linux unpacks at boot as its root file system (Documentation/driver-api/early-userspace/buffer-format.rst, "newc").
import { closeSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";

const types = { directory: 0o040000, file: 0o100000, link: 0o120000 };

/** Writes an archive entry by entry. Paths are absolute; directories above an entry are made when they are missing. */
export class Archive {
  #descriptor;
  #inode = 1;
  #known = new Set(["/"]);

  /** @param {string} file */
  constructor(file) {
    this.#descriptor = openSync(file, "w");
  }

  has(path) {
    return this.#known.has(path);
  }
  directory(path) {
    this.#add(path, types.directory | 0o755, Buffer.alloc(0));
  }
  link(path, target) {
    this.#add(path, types.link | 0o777, Buffer.from(target));
  }
  file(path, content, mode = 0o755) {
    this.#add(path, types.file | mode, content);
  }

  /** Copies a file, a link as a link, or a directory with what is below it and `keep` lets through. */
  copy(source, path, keep = () => true) {
    const status = lstatSync(source);
    if (status.isSymbolicLink()) this.link(path, readlinkSync(source));
    else if (status.isFile()) this.file(path, readFileSync(source), status.mode & 0o777);
    else if (status.isDirectory()) {
      this.directory(path);
      for (const name of readdirSync(source))
        if (keep(join(source, name))) this.copy(join(source, name), join(path, name), keep);
    }
  }

  close() {
    this.#entry("TRAILER!!!", 0, Buffer.alloc(0));
    closeSync(this.#descriptor);
  }

  #add(path, mode, content) {
    if (this.#known.has(path)) return;
    const parent = dirname(path);
    if (!this.#known.has(parent)) this.directory(parent);
    this.#known.add(path);
    this.#entry(path.slice(1), mode, content);
  }

  #entry(name, mode, content) {
    const bytes = Buffer.from(`${name}\0`);
    // inode, mode, uid, gid, links, mtime, size, four device numbers, length of the name, checksum
    const fields = [this.#inode++, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, bytes.length, 0];
    const header = Buffer.from(`070701${fields.map((value) => value.toString(16).padStart(8, "0")).join("")}`);
    for (const part of [header, bytes, pad(header.length + bytes.length), content, pad(content.length)])
      for (let written = 0; written < part.length; ) written += writeSync(this.#descriptor, part, written);
  }
}

/** Names and contents end at a multiple of four bytes. */
function pad(length) {
  return Buffer.alloc(-length & 3);
}
