import assert from "node:assert/strict";
import { test } from "node:test";
import pino from "pino";
import type { KubernetesClient, WatchOptions } from "../kubernetes/client.ts";
import { StatusError } from "../kubernetes/errors.ts";
import type { KubernetesObject, Status } from "../kubernetes/types.ts";
import { followServiceRanges } from "./service-ranges.ts";

/** An API that lists `answer` (an error code, or objects) and then has no news. */
function api(answer: number | KubernetesObject[]) {
  const counts = { lists: 0 };
  const client = {
    async list() {
      counts.lists += 1;
      if (typeof answer === "number") throw new StatusError({ code: answer, message: `code ${answer}` } as Status);
      return { metadata: { resourceVersion: "1" }, items: answer };
    },
    async *watch(_: unknown, { signal }: WatchOptions) {
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
  } as unknown as KubernetesClient;
  return { client, counts };
}

const logTo = (write: (line: string) => void) => pino({}, { write });

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("the ranges of all objects, of both families", async () => {
  const { client } = api([
    { metadata: { name: "kubernetes", uid: "1" }, spec: { cidrs: ["10.96.0.0/12", "fd00:96::/112"] } },
    { metadata: { name: "more", uid: "2" }, spec: { cidrs: ["10.200.0.0/24"] } },
    { metadata: { name: "empty", uid: "3" } },
  ] as KubernetesObject[]);
  const { promise: changed, resolve } = Promise.withResolvers<void>();
  const ranges = followServiceRanges({ client, onChange: resolve, log: logTo(assert.fail) });
  await changed;
  await turn();
  assert.deepEqual(ranges.cidrs(), ["10.96.0.0/12", "fd00:96::/112", "10.200.0.0/24"]);
  ranges.stop();
});

for (const code of [404, 403])
  test(`an API that answers ${code} is not asked again`, async (context) => {
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const { client, counts } = api(code);
    const ranges = followServiceRanges({ client, onChange: assert.fail, log: logTo(assert.fail) });
    for (let time = 0; time < 20; time += 1) {
      await turn();
      context.mock.timers.tick(60_000);
    }
    assert.deepEqual(ranges.cidrs(), []);
    assert.equal(counts.lists, 1);
  });

test("an API that is away is told in one line, not at each attempt", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { client, counts } = api(503);
  const lines: string[] = [];
  const ranges = followServiceRanges({ client, onChange: assert.fail, log: logTo((line) => lines.push(line)) });
  for (let time = 0; time < 50; time += 1) {
    await turn();
    context.mock.timers.tick(1000);
  }
  ranges.stop();
  assert.ok(counts.lists > 2, `${counts.lists} attempts`);
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).resources),
    [["servicecidrs"]],
  );
});
