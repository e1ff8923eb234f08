import assert from "node:assert/strict";
import { appendFile, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { run } from "../../linux/command.ts";
import { ContainerLogs } from "./container-logs.ts";
import { type LogOptions, readLog } from "./log-reader.ts";

describe("reading logs", () => {
  let directory = "";
  let logs: ContainerLogs;
  let count = 0;
  const fresh = () => {
    count += 1;
    return join(directory, `${count}.log`);
  };
  const never = new AbortController().signal;
  const over = AbortSignal.abort();
  const read = async (path: string, options: Partial<LogOptions> = {}, ended = over) => {
    const chunks: Buffer[] = [];
    for await (const chunk of readLog(logs, path, { follow: false, timestamps: false, ...options }, ended, never))
      chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "fairway-logs-"));
    logs = new ContainerLogs(directory, (error) => assert.fail(error));
    await logs.open();
  });
  after(async () => {
    logs.close();
    await rm(directory, { recursive: true });
  });

  for (const [options, expected] of [
    [{}, "one\ntwo\nthree\n"],
    [{ tailLines: 0 }, ""],
    [{ tailLines: 1 }, "three\n"],
    [{ tailLines: 2 }, "two\nthree\n"],
    [{ tailLines: 9 }, "one\ntwo\nthree\n"],
    [{ limitBytes: 5 }, "one\nt"],
    [{ tailLines: 2, limitBytes: 4 }, "two\n"],
    [{ since: Date.now() + 3_600_000 }, ""],
    [{ since: 0 }, "one\ntwo\nthree\n"],
  ] as [Partial<LogOptions>, string][])
    test(JSON.stringify(options), async () => {
      const path = fresh();
      await writeFile(path, "one\ntwo\nthree\n");
      assert.equal(await read(path, options), expected);
    });

  test("a file that was put aside is read before the new one", async () => {
    const path = fresh();
    await writeFile(path, "one\ntwo\n");
    await rename(path, `${path}.1`);
    await writeFile(path, "three\nfour\n");
    assert.equal(await read(path), "one\ntwo\nthree\nfour\n");
    assert.equal(await read(path, { tailLines: 2 }), "three\nfour\n");
    assert.equal(await read(path, { tailLines: 3 }), "two\nthree\nfour\n");
  });

  test("no file is an empty log", async () => {
    assert.equal(await read(fresh()), "");
    assert.equal(await read(fresh(), { follow: true }), "");
  });

  test("timestamps stand before each line, once, also when a line spans chunks", async () => {
    const path = fresh();
    const long = "x".repeat(100_000);
    await writeFile(path, `${long}\nshort\nunfinished`);
    const lines = (await read(path, { timestamps: true })).split("\n");
    assert.equal(lines.length, 3);
    for (const line of lines) assert.match(line, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (x+|short|unfinished)$/);
    assert.ok(lines[0]?.endsWith(` ${long}`));
  });

  test("following sees what is written, over a change of files, until the container has ended", async () => {
    const path = fresh();
    const ending = new AbortController();
    const following = read(path, { follow: true }, ending.signal);
    await appendFile(path, "one\n");
    await logs.changed(path, AbortSignal.timeout(300));
    await appendFile(path, "two\n");
    await logs.changed(path, AbortSignal.timeout(300));
    await rename(path, `${path}.1`);
    await appendFile(path, "three\n");
    ending.abort();
    assert.equal(await following, "one\ntwo\nthree\n");
  });

  test("a log whose beginning was given back begins with a whole line", async () => {
    const path = fresh();
    const line = `${"y".repeat(99)}\n`;
    await writeFile(path, line.repeat(60_000));
    await run("fallocate", ["--punch-hole", "--offset", "0", "--length", String(1 << 20), path]);
    const text = await read(path, { limitBytes: 1000 });
    assert.match(text, /^(y{99}\n){10}$/);
  });

  test("property: the tail is the last lines", async () => {
    const lines = fc.array(fc.stringMatching(/^[a-z]{0,9}$/), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(lines, fc.nat(40), fc.boolean(), async (all, tailLines, finished) => {
        const path = fresh();
        const text = all.map((line) => `${line}\n`).join("") + (finished ? "" : "rest");
        await writeFile(path, text);
        const expected = (
          finished ? all.map((line) => `${line}\n`) : [...all.map((line) => `${line}\n`), "rest"]
        ).slice(-tailLines || all.length + 1);
        assert.equal(await read(path, { tailLines }), tailLines === 0 ? "" : expected.join(""));
      }),
      { numRuns: 40 },
    );
  });
});
