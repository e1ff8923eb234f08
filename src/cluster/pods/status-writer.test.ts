import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { KubernetesClient } from "../../kubernetes/client.ts";
import type { PodStatus } from "./status.ts";
import { StatusWriter } from "./status-writer.ts";

const pod = { metadata: { name: "web", namespace: "default", uid: "u1" } };
const running: PodStatus = { phase: "Running" };
const succeeded: PodStatus = { phase: "Succeeded" };

/** A server that answers when it is told to; `begun` are the phases that it was sent, in order. */
class SlowServer {
  readonly begun: unknown[] = [];
  readonly #waiting: PromiseWithResolvers<object>[] = [];
  readonly client = {
    patch: (_resource: unknown, _name: string, { status }: { status: PodStatus }) => {
      this.begun.push(status.phase);
      const answer = Promise.withResolvers<object>();
      this.#waiting.push(answer);
      return answer.promise;
    },
  } as unknown as KubernetesClient;

  async answer(error?: Error): Promise<void> {
    const first = this.#waiting.shift();
    if (error === undefined) first?.resolve({});
    else first?.reject(error);
    await turn();
  }
}

test("a Pod's status is not sent while an older one is on its way: that one could come last", async () => {
  const server = new SlowServer();
  const statuses = new StatusWriter(server.client, assert.fail);
  statuses.set(pod, running);
  statuses.set(pod, succeeded);
  await turn();
  assert.deepEqual(server.begun, ["Running"]);
  await server.answer();
  assert.deepEqual(server.begun, ["Running", "Succeeded"]);
  await server.answer();
  assert.deepEqual(server.begun, ["Running", "Succeeded"]);
});

test("after a failure the newest status is sent", async () => {
  const server = new SlowServer();
  const errors: string[] = [];
  const statuses = new StatusWriter(server.client, ({ message }) => errors.push(message));
  statuses.set(pod, running);
  await turn();
  await server.answer(new Error("away"));
  statuses.set(pod, succeeded);
  assert.deepEqual([errors, server.begun], [["away"], ["Running", "Succeeded"]]);
});
