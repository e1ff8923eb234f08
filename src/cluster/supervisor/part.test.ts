import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { Part, type RunningProcess } from "./part.ts";

/** A process that ends when the test says so. */
class Fake implements RunningProcess {
  readonly pid: number;
  readonly #ended = Promise.withResolvers<string>();
  readonly ended = this.#ended.promise;
  readonly #obeys: boolean;
  constructor(pid: number, obeys: boolean) {
    this.pid = pid;
    this.#obeys = obeys;
  }
  end(how = "exit status 1"): Promise<void> {
    this.#ended.resolve(how);
    return settle();
  }
  async terminate(): Promise<void> {
    if (this.#obeys) this.#ended.resolve("SIGTERM");
  }
  kill(): void {
    this.#ended.resolve("SIGKILL");
  }
}

/** Lets every promise that can go on do so; timers are the test's. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

describe("a part", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
  afterEach(() => mock.timers.reset());

  function make(obeys = true) {
    const started: Fake[] = [];
    const ends: string[] = [];
    const launch = () => {
      const process = new Fake(100 + started.length, obeys);
      started.push(process);
      return process;
    };
    const part = new Part("agent", launch, { onEnd: (name, how, delay) => ends.push(`${name} ${how} ${delay}`) });
    return { part, started, ends };
  }

  test("is started again at once, then after longer and longer waits of less than a second", async () => {
    const { part, started, ends } = make();
    part.start();
    for (const delay of [0, 50, 100, 200, 400, 800, 800]) {
      const before = started.length;
      await started.at(-1)!.end();
      assert.equal(part.status.state, "restarting");
      if (delay > 0) {
        mock.timers.tick(delay - 1);
        assert.equal(started.length, before, `not before ${delay} ms`);
      }
      mock.timers.tick(1);
      assert.equal(started.length, before + 1, `after ${delay} ms`);
    }
    assert.equal(part.status.state, "running");
    assert.equal(part.status.restarts, 7);
    assert.equal(part.status.lastEnd, "exit status 1");
    assert.deepEqual(ends.slice(0, 2), ["agent exit status 1 0", "agent exit status 1 50"]);
  });

  test("that lived for long is started again at once", async () => {
    const { part, started, ends } = make();
    part.start();
    await started[0]!.end();
    mock.timers.tick(1);
    mock.timers.tick(20_000);
    await started[1]!.end("SIGSEGV");
    assert.deepEqual(ends, ["agent exit status 1 0", "agent SIGSEGV 0"]);
  });

  test("that is stopped stays stopped", async () => {
    const { part, started } = make();
    part.start();
    await part.stop(1000);
    mock.timers.tick(60_000);
    assert.deepEqual([started.length, part.status.state, part.status.lastEnd], [1, "stopped", "SIGTERM"]);
  });

  test("is not started any more when it is stopped while it waits", async () => {
    const { part, started } = make();
    part.start();
    await started[0]!.end();
    await part.stop(1000);
    mock.timers.tick(60_000);
    assert.equal(started.length, 1);
  });

  test("that does not stop is killed when its time is over", async () => {
    const { part } = make(false);
    part.start();
    let stopped = false;
    const stop = part.stop(1000).then(() => {
      stopped = true;
    });
    await settle();
    mock.timers.tick(999);
    await settle();
    assert.equal(stopped, false);
    mock.timers.tick(1);
    await stop;
    assert.equal(part.status.lastEnd, "SIGKILL");
  });

  test("whose machine is gone is left alone", async () => {
    const { part, started } = make();
    part.start();
    part.abandon();
    await started[0]!.end("SIGKILL");
    mock.timers.tick(60_000);
    assert.deepEqual([started.length, part.status.state], [1, "stopped"]);
  });

  test("can be started again after a stop", async () => {
    const { part, started } = make();
    part.start();
    await part.stop(1000);
    part.start();
    assert.deepEqual([started.length, part.status.pid], [2, 101]);
  });
});
