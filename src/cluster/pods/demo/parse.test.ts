import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProtocolError, parseRequest } from "./parse.ts";
import type { DemoContainer } from "./protocol.ts";

const container: DemoContainer = {
  id: "c1",
  program: "echo",
  args: ["--http=80"],
  env: { A: "b" },
  networkNamespace: "/proc/1/ns/net",
  dualStack: true,
  logFile: "/run/log",
  pod: { name: "p", namespace: "n", ip: "10.32.0.3", node: "node1", container: "main" },
};

describe("parseRequest", () => {
  it("reads back every request as it was", () => {
    for (const request of [
      { op: "start", id: 1, container },
      { op: "start", id: 1, container, sockets: { pid: 7, descriptors: [20, 21] } },
      { op: "sync", id: 2, keep: ["a"] },
      { op: "stop", id: 3, container: "c1", grace: 10 },
    ]) {
      assert.deepEqual(parseRequest(JSON.stringify(request)), request);
    }
  });

  const start = (over: object) => ({ op: "start", id: 1, container: { ...container, ...over } });
  const mistakes: [request: unknown, message: RegExp][] = [
    [[], /not a JSON object/],
    [{ op: "sync", keep: [] }, /id: must be an integer/],
    [{ op: "jump", id: 1 }, /op: must be/],
    [{ op: "sync", id: 1, keep: "a" }, /keep: must be a list/],
    [{ op: "stop", id: 1, container: "a", grace: -1 }, /grace: /],
    [{ op: "stop", id: 1 }, /container: must be a string/],
    [{ ...start({}), sockets: { descriptors: [] } }, /sockets\.pid: must be a process id/],
    [{ ...start({}), sockets: { pid: 1, descriptors: [-1] } }, /sockets\.descriptors: must be a list/],
    [start({ args: [1] }), /container\.args\[0\]: must be a string/],
    [start({ env: { A: 1 } }), /container\.env\.A: must be a string/],
    [start({ logFile: "relative" }), /container\.logFile: must be an absolute path/],
    [start({ networkNamespace: "/a\0b" }), /container\.networkNamespace: must be an absolute path/],
    [start({ pod: { ...container.pod, ip: null } }), /container\.pod\.ip: must be a string/],
  ];
  for (const [request, message] of mistakes) {
    it(message.source, () =>
      assert.throws(
        () => parseRequest(JSON.stringify(request)),
        (error) => error instanceof ProtocolError && message.test(error.message),
      ),
    );
  }

  it("throws only ProtocolError, whatever comes", () => {
    const near = fc.record(
      {
        op: fc.constantFrom("start", "stop", "sync"),
        id: fc.oneof(fc.integer(), fc.anything()),
        container: fc.anything(),
        keep: fc.anything(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          near.map((value) => JSON.stringify(value)),
        ),
        (line) => {
          try {
            parseRequest(line);
          } catch (error) {
            assert.ok(error instanceof ProtocolError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
