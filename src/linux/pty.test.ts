import { closeSync } from "node:fs";
import { test } from "node:test";
import { openPseudoTerminal } from "./pty.ts";

test("a size that comes after the last program has left is no error", async () => {
  const { master, slave, resize } = openPseudoTerminal();
  resize(80, 24);
  // Reading fails with EIO when nobody has the other end any more.
  master.on("error", () => {}).resume();
  const closed = new Promise((resolve) => master.on("close", resolve));
  closeSync(slave);
  await closed;
  resize(120, 40);
});
