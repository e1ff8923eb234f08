import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubernetesClient, WatchOptions } from "./client.ts";
import { StatusError } from "./errors.ts";
import { startReflector } from "./list-watch.ts";
import type { Change } from "./reflector.ts";
import { services } from "./resource.ts";
import type { KubernetesList, KubernetesObject, Status, WatchEvent } from "./types.ts";

function object(name: string, resourceVersion: number, uid = name): KubernetesObject {
  return { metadata: { name, namespace: "n", uid, resourceVersion: String(resourceVersion) } };
}
function status(code: number): StatusError {
  return new StatusError({ code, reason: code === 410 ? "Expired" : "Bad", message: `code ${code}` } as Status);
}
function describe(change: Change<KubernetesObject>): string {
  return `${change.type} ${change.object.metadata?.name}@${change.object.metadata?.resourceVersion}`;
}

/** An API that follows a script: one entry for each list and each watch, in the order they must come. */
type Step =
  | { list: KubernetesObject[]; version: number; continue?: string }
  | { listError: Error }
  | { watch: (WatchEvent | Error)[]; from: number; stay?: boolean };

function scripted(steps: Step[]) {
  const { promise: done, resolve: finish, reject: fail } = Promise.withResolvers<void>();
  const next = () => {
    const step = steps.shift();
    if (step === undefined) throw new Error("nothing more was expected");
    return step;
  };
  const client = {
    async list(): Promise<KubernetesList> {
      const step = next();
      if ("listError" in step) throw step.listError;
      if (!("list" in step)) return fail(new Error("a list instead of a watch")) as never;
      return { metadata: { resourceVersion: String(step.version), continue: step.continue }, items: step.list };
    },
    async *watch(_: unknown, { resourceVersion, signal }: WatchOptions): AsyncGenerator<WatchEvent> {
      const step = next();
      if (!("watch" in step)) return fail(new Error("a watch instead of a list"));
      if (Number(resourceVersion) !== step.from) fail(new Error(`watch from ${resourceVersion}, not ${step.from}`));
      for (const event of step.watch) {
        if (event instanceof Error) throw event;
        yield event;
      }
      if (steps.length === 0) finish();
      if (step.stay || steps.length === 0)
        await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
  } as unknown as KubernetesClient;
  return { client, done };
}

async function follow(steps: Step[], options: { silence?: number } = {}) {
  const { client, done } = scripted(steps);
  const changes: string[] = [];
  const errors: string[] = [];
  const reflector = startReflector(client, services, { ...options, onError: (error) => errors.push(error.message) });
  reflector.subscribe((change) => changes.push(describe(change)));
  await done;
  reflector.stop();
  return { reflector, changes, errors };
}

test("a paged list and a watch fill the cache, in order", async () => {
  const { reflector, changes } = await follow([
    { list: [object("a", 1)], version: 5, continue: "more" },
    { list: [object("b", 2)], version: 5 },
    {
      from: 5,
      watch: [
        { type: "MODIFIED", object: object("a", 6) },
        { type: "DELETED", object: object("b", 7) },
        { type: "ADDED", object: object("c", 8) },
        { type: "BOOKMARK", object: { metadata: { resourceVersion: "9" } } },
      ],
    },
  ]);
  assert.deepEqual(changes, ["added a@1", "added b@2", "modified a@6", "deleted b@2", "added c@8"]);
  assert.deepEqual(
    reflector.list().map(({ metadata }) => metadata?.name),
    ["a", "c"],
  );
  assert.equal(reflector.get("a", "n")?.metadata?.resourceVersion, "6");
  assert.equal(reflector.isSynced, true);
  await reflector.synced;
  const late: string[] = [];
  reflector.subscribe((change) => late.push(describe(change)));
  assert.deepEqual(late, ["added a@6", "added c@8"]);
});

test("a watch that breaks goes on from the last version seen, also a bookmark's", async () => {
  const { changes, errors } = await follow([
    { list: [], version: 5 },
    {
      from: 5,
      watch: [
        { type: "ADDED", object: object("a", 6) },
        { type: "BOOKMARK", object: { metadata: { resourceVersion: "20" } } },
        new Error("connection reset"),
      ],
    },
    { from: 20, watch: [{ type: "DELETED", object: object("a", 21) }] },
  ]);
  assert.deepEqual(changes, ["added a@6", "deleted a@6"]);
  assert.deepEqual(errors, ["connection reset"]);
});

test("after 410 Gone only the differences are reported, removals first", async () => {
  const { changes, errors } = await follow([
    { list: [object("same", 1), object("changed", 2), object("gone", 3), object("again", 4, "first")], version: 5 },
    { from: 5, watch: [status(410)] },
    { list: [object("same", 1), object("changed", 8), object("again", 9, "second"), object("new", 7)], version: 10 },
    { from: 10, watch: [] },
  ]);
  assert.deepEqual(changes.slice(4), [
    "deleted gone@3",
    "modified changed@8",
    "deleted again@4",
    "added again@9",
    "added new@7",
  ]);
  assert.deepEqual(errors, []);
});

test("a version that the server calls wrong leads to a new list, an overloaded server does not", async () => {
  const { errors } = await follow([
    { list: [], version: 5 },
    { from: 5, watch: [status(503)] },
    { from: 5, watch: [status(504)] },
    { list: [], version: 2 },
    { from: 2, watch: [] },
  ]);
  assert.deepEqual(errors, ["code 503", "code 504"]);
});

test("an API that is away at the start is asked again", async () => {
  const { changes, errors } = await follow([
    { listError: new Error("refused") },
    { list: [object("a", 1)], version: 1 },
    { from: 1, watch: [] },
  ]);
  assert.deepEqual(changes, ["added a@1"]);
  assert.deepEqual(errors, ["refused"]);
});

test("a silent watch is opened again", async () => {
  const { errors } = await follow(
    [
      { list: [], version: 1 },
      { from: 1, watch: [{ type: "ADDED", object: object("a", 2) }], stay: true },
      { from: 2, watch: [] },
    ],
    { silence: 30 },
  );
  assert.deepEqual(errors, ["the watch of services was silent for 30 ms"]);
});

test("a listener that throws hurts neither the others nor the cache", async () => {
  const { client, done } = scripted([
    { list: [object("a", 1)], version: 1 },
    { from: 1, watch: [] },
  ]);
  const errors: string[] = [];
  const seen: string[] = [];
  const reflector = startReflector(client, services, { onError: (error) => errors.push(error.message) });
  reflector.subscribe(() => {
    throw new Error("listener's fault");
  });
  const unsubscribe = reflector.subscribe((change) => seen.push(describe(change)));
  await done;
  unsubscribe();
  reflector.stop();
  assert.deepEqual([seen, errors], [["added a@1"], ["listener's fault"]]);
});

test("what has no name is told and left out, and everything else goes on", async () => {
  const nothing = null as unknown as KubernetesObject;
  const { changes, errors } = await follow([
    { list: [nothing, { metadata: {} }, object("a", 1)], version: 5 },
    {
      from: 5,
      watch: [
        { type: "ADDED", object: nothing },
        { type: "MODIFIED", object: {} },
        { type: "ADDED", object: object("b", 8) },
      ],
    },
  ]);
  assert.deepEqual(changes, ["added a@1", "added b@8"]);
  assert.deepEqual([...new Set(errors)], ["the API sent something among services that has no name"]);
});
