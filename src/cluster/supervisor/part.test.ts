import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { type Launch, Part, type RunningProcess } from "./part.ts";

/** A process that ends when the test says so. */
class Fake implements RunningProcess {
  readonly pid: number;
  readonly #ended = Promise.withResolvers<string>();
  readonly ended = this.#ended.promise;
  readonly #prepared = Promise.withResolvers<void>();
  readonly prepared = this.#prepared.promise;
  readonly #serving = Promise.withResolvers<void>();
  readonly serving = this.#serving.promise;
  readonly #obeys: boolean;
  readonly isSuccessor: boolean;
  mayTakeOver = false;
  constructor(pid: number, obeys: boolean, isSuccessor = false) {
    this.pid = pid;
    this.#obeys = obeys;
    this.isSuccessor = isSuccessor;
  }
  /** It says that it is prepared, or that it does its work. */
  says(what: "prepared" | "serving"): Promise<void> {
    (what === "prepared" ? this.#prepared : this.#serving).resolve();
    return settle();
  }
  takeOver(): void {
    this.mayTakeOver = true;
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
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

const patience = { prepare: 15_000, stop: 2000 };

describe("a part", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
  afterEach(() => mock.timers.reset());

  function make(obeys = true) {
    const started: Fake[] = [];
    const ends: string[] = [];
    const launchFrom =
      (firstPid: number): Launch =>
      (isSuccessor) => {
        const process = new Fake(firstPid + started.length, obeys, isSuccessor);
        started.push(process);
        return process;
      };
    const launch = launchFrom(100);
    const part = new Part("agent", launch, { onEnd: (name, how, delay) => ends.push(`${name} ${how} ${delay}`) });
    /** The replacement of a part that runs, by processes with ids from 500 on, and how it ended if it did. */
    const replace = () => {
      const replacing = { outcome: "" };
      part.replace(launchFrom(500), patience).then(
        () => {
          replacing.outcome = "took over";
        },
        (error: Error) => {
          replacing.outcome = error.message;
        },
      );
      return replacing;
    };
    return { part, started, ends, replace };
  }

  test("that is started before its turn waits for it; started again, it does not", async () => {
    const { part, started } = make();
    const turn = Promise.withResolvers<void>();
    part.start(turn.promise);
    assert.deepEqual([started[0]?.isSuccessor, started[0]?.mayTakeOver], [true, false]);
    turn.resolve();
    await settle();
    assert.equal(started[0]?.mayTakeOver, true);
    await started[0]?.end();
    mock.timers.tick(1000);
    assert.equal(started[1]?.isSuccessor ?? false, false);
  });

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

  test("goes on until its successor is prepared, and ends before that takes over", async () => {
    const { part, started, replace, ends } = make(false);
    part.start();
    const replacing = replace();
    const [old, successor] = started as [Fake, Fake];
    await settle();
    assert.deepEqual([successor.isSuccessor, part.status.pid, successor.mayTakeOver], [true, 100, false]);
    await successor.says("prepared");
    assert.deepEqual([replacing.outcome, successor.mayTakeOver], ["", false]);
    await old.end("SIGTERM");
    assert.deepEqual([replacing.outcome, successor.mayTakeOver, part.status.pid], ["took over", true, 501]);
    assert.deepEqual([ends, part.status.restarts, started.length], [[], 0, 2]);
    let serving = false;
    void part.whenServing(10_000).then(() => {
      serving = true;
    });
    await settle();
    assert.deepEqual([serving, part.status.served], [false, undefined]);
    await successor.says("serving");
    assert.deepEqual([serving, part.status.served], [true, true]);
  });

  test("goes on when its successor ends before it is prepared", async () => {
    const { part, started, replace } = make();
    part.start();
    const replacing = replace();
    await started[1]!.end("exit status 1: no such module");
    mock.timers.tick(60_000);
    assert.deepEqual([replacing.outcome, part.status.pid], ["exit status 1: no such module", 100]);
    await started[0]!.end();
    mock.timers.tick(1);
    assert.equal(part.status.pid, 102, "what it ran before is started again");
  });

  test("goes on when its successor takes too long", async () => {
    const { part, started, replace } = make();
    part.start();
    const replacing = replace();
    await settle();
    mock.timers.tick(patience.prepare);
    await settle();
    assert.match(replacing.outcome, /had not read the API within 15000 ms/);
    assert.deepEqual([part.status.pid, await started[1]!.ended], [100, "SIGKILL"]);
  });

  test("that ends while its successor prepares itself is started again, and replaced all the same", async () => {
    const { part, started, replace } = make();
    part.start();
    const replacing = replace();
    await started[0]!.end("SIGKILL");
    mock.timers.tick(1);
    assert.equal(part.status.pid, 102);
    await started[1]!.says("prepared");
    assert.deepEqual([replacing.outcome, part.status.pid, await started[2]!.ended], ["took over", 501, "SIGTERM"]);
  });

  test("is what took over also when that ends at once", async () => {
    const { part, started, replace } = make();
    part.start();
    replace();
    await started[1]!.says("prepared");
    await started[1]!.end("SIGKILL");
    mock.timers.tick(1);
    assert.deepEqual([part.status.pid, started[2]!.isSuccessor], [502, false]);
    let serving = false;
    void part.whenServing(10_000).then(() => {
      serving = true;
    });
    await started[2]!.says("serving");
    assert.equal(serving, true, "the one in its place serves");
  });

  test("that is stopped while its successor prepares itself stays stopped", async () => {
    const { part, started, replace } = make();
    part.start();
    const replacing = replace();
    await part.stop(1000);
    await started[1]!.says("prepared");
    assert.deepEqual([replacing.outcome, part.status.state], ["it was stopped meanwhile", "stopped"]);
    assert.equal(await started[1]!.ended, "SIGKILL");
  });

  test("says why it does not serve in time", async () => {
    const { part, started } = make();
    part.start();
    let outcome = "";
    part.whenServing(1000).catch((error: Error) => {
      outcome = error.message;
    });
    await started[0]!.end("exit status 1: no such module");
    mock.timers.tick(1000);
    await settle();
    // It was started again meanwhile, so that its end tells nothing about now.
    assert.equal(outcome, "it does not serve after 1000 ms");
  });

  test("can be started again after a stop", async () => {
    const { part, started } = make();
    part.start();
    await part.stop(1000);
    part.start();
    assert.deepEqual([started.length, part.status.pid], [2, 101]);
  });
});
