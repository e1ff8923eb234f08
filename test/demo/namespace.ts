import { spawn } from "node:child_process";
import { once } from "node:events";
import { run } from "../../src/linux/command.ts";

/** A network namespace of its own with its loopback up, held by one process; gone with it. */
export interface TestNamespace {
  /** For setns: /proc/PID/ns/net. */
  path: string;
  /** Runs a program inside and resolves to its standard output. */
  run(program: string, ...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

export async function createNamespace(): Promise<TestNamespace> {
  // The holder leaves when its standard input closes: a killed test leaves nothing behind.
  const holder = spawn("unshare", ["--net", "sh", "-c", "ip link set lo up && echo up && exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const gone = once(holder, "exit");
  await Promise.race([
    once(holder.stdout, "data"),
    gone.then(() => Promise.reject(new Error("unshare --net failed; are you root?"))),
  ]);
  const path = `/proc/${holder.pid}/ns/net`;
  return {
    path,
    run: (program, ...args) => run("nsenter", [`--net=${path}`, program, ...args], { timeout: 10_000 }),
    async remove() {
      holder.kill("SIGKILL");
      await gone;
    },
  };
}
