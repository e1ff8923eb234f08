import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, test } from "node:test";
import { JournalLockedError, openSqliteJournal } from "./journal.ts";
import { Store } from "./store.ts";

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "fairway-journal-"));
  file = join(directory, "journal.sqlite");
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("a journal in SQLite", () => {
  for (const survives of ["power", "process"] as const) {
    test(`keeps what was committed (${survives})`, async () => {
      const first = new Store(openSqliteJournal({ file, survives }), { window: 4 });
      const things = first.collection("things");
      for (let index = 0; index < 50; index++) {
        await things.put(`k${index % 7}`, { metadata: { name: `k${index % 7}` }, kind: String(index) });
      }
      await things.remove("k3");
      first.close();
      const again = new Store(openSqliteJournal({ file, survives }), { window: 4 });
      assert.deepEqual(again.collection("things").list(), things.list());
      assert.deepEqual([again.revision, again.compacted > 0], [51, true]);
      again.close();
    });
  }

  test("does not go back when the newest change was a deletion that is compacted away", async () => {
    const first = new Store(openSqliteJournal({ file, survives: "process" }), { window: 1 });
    const things = first.collection("things");
    await things.put("a", { metadata: { name: "a" } });
    for (let index = 0; index < 5; index++) {
      await things.put("b", { metadata: { name: "b" } });
      await things.remove("b");
    }
    first.close();
    const again = new Store(openSqliteJournal({ file, survives: "process" }), { window: 1 });
    assert.equal(again.revision, first.revision);
    again.close();
  });

  test("has one writer", () => {
    const journal = openSqliteJournal({ file, survives: "process" });
    assert.throws(() => openSqliteJournal({ file, survives: "process" }), JournalLockedError);
    journal.close();
    openSqliteJournal({ file, survives: "process" }).close();
  });

  test("keeps nothing of a batch that fails", async () => {
    const journal = openSqliteJournal({ file, survives: "process" });
    const row = (revision: number) => ({ revision, collection: "things", key: "a", value: "{}" });
    await journal.commit({ rows: [row(1)], obsolete: [] });
    await assert.rejects(journal.commit({ rows: [row(2), row(1)], obsolete: [] }), /cannot write .*UNIQUE/);
    assert.deepEqual(
      [...journal.load().rows].map(({ revision }) => revision),
      [1],
    );
    journal.close();
  });

  test("of another format is refused", async () => {
    const { DatabaseSync } = await import("node:sqlite");
    openSqliteJournal({ file, survives: "process" }).close();
    const database = new DatabaseSync(file);
    database.exec("UPDATE mark SET value = 99 WHERE name = 'format'");
    database.close();
    assert.throws(() => openSqliteJournal({ file, survives: "process" }), /has format 99; this program reads format 1/);
  });
});

const writer = `
import { openSqliteJournal } from ${JSON.stringify(new URL("./journal.ts", import.meta.url).href)};
import { Store } from ${JSON.stringify(new URL("./store.ts", import.meta.url).href)};
import { writeSync } from "node:fs";
const [file, survives] = process.argv.slice(1);
const store = new Store(openSqliteJournal({ file, survives }), { window: 64 });
const things = store.collection("things");
for (let index = 0; ; index++) {
  const write = (name) => things.put(name, { metadata: { name }, kind: String(index) }).then(({ revision }) => writeSync(1, name + " " + revision + "\\n"));
  await Promise.all([write("a" + (index % 50)), write("b" + (index % 30))]);
}`;

describe("kill -9 at any moment", () => {
  for (const survives of ["power", "process"] as const) {
    test(`loses no acknowledged write (${survives})`, async () => {
      /** The newest acknowledged revision of each key, over all rounds. */
      const acknowledged = new Map<string, number>();
      for (const lines of [40, 333, 1000]) {
        await writeAndKill(survives, lines, acknowledged);
        const store = new Store(openSqliteJournal({ file, survives }), { window: 64 });
        for (const [name, revision] of acknowledged) {
          const kept = store.collection("things").get(name);
          assert.ok(kept !== undefined && kept.revision >= revision, `${name}: ${kept?.revision} < ${revision}`);
        }
        assert.ok(store.revision >= Math.max(...acknowledged.values()));
        store.close();
      }
    });
  }

  async function writeAndKill(survives: string, lines: number, acknowledged: Map<string, number>): Promise<void> {
    const child: ChildProcess = spawn(process.execPath, ["--input-type=module", "-e", writer, file, survives], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    let count = 0;
    for await (const line of createInterface({ input: child.stdout! })) {
      const [name = "", revision] = line.split(" ");
      // The kill may have cut the last line off; what is left of its revision is then too small, which asks for less.
      if (/^[ab]\d+ \d+$/.test(line) && Number(revision) > (acknowledged.get(name) ?? 0)) {
        acknowledged.set(name, Number(revision));
      }
      count += 1;
      if (count === lines) child.kill("SIGKILL");
    }
    await exited;
  }
});
