import assert from "node:assert/strict";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { connect, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import fc from "fast-check";
import { askSupervisor, ForbiddenError, NotRunningError, serveControl } from "./control.ts";
import { type ControlRequest, parseRequest } from "./protocol.ts";

describe("the control socket", () => {
  let directory: string;
  let path: string;
  let server: Server | undefined;
  const seen: ControlRequest[] = [];
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "fairway-control-"));
    path = join(directory, "control.sock");
    seen.length = 0;
  });
  afterEach(async () => {
    server?.close();
    await rm(directory, { recursive: true, force: true });
  });
  const serve = async () => {
    server = await serveControl(path, async (request) => {
      seen.push(request);
      if (request.op === "down") throw new Error("not now");
      return { op: request.op };
    });
  };

  test("answers its owner, who alone may open it", async () => {
    await serve();
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.deepEqual(await askSupervisor(path, { op: "node-stop", name: "node1" }), { op: "node-stop" });
    assert.deepEqual(seen, [{ op: "node-stop", name: "node1" }]);
  });
  test("passes a refusal on", async () => {
    await serve();
    await assert.rejects(askSupervisor(path, { op: "down" }), /^Error: not now$/);
  });
  test("that is not there is told apart", async () => {
    await assert.rejects(askSupervisor(path, { op: "status" }), NotRunningError);
  });
  test("of root is told apart by others", { skip: process.getuid?.() !== 0 && "needs root" }, async () => {
    await serve();
    process.seteuid?.(65534);
    try {
      const asked = askSupervisor(path, { op: "status" });
      await assert.rejects(asked, (error: Error) => {
        assert.ok(error instanceof ForbiddenError, error.message);
        assert.match(error.message, /run it as root/);
        return true;
      });
    } finally {
      process.seteuid?.(0);
    }
  });
  test("survives what is no request", async () => {
    await serve();
    const say = (text: string) =>
      new Promise<string>((resolve) => {
        let answer = "";
        const socket = connect(path, () => socket.write(text));
        socket.setEncoding("utf8").on("data", (chunk: string) => {
          answer += chunk;
        });
        socket.on("error", () => {}).on("close", () => resolve(answer));
      });
    assert.match(await say("hello\n"), /"ok":false/);
    assert.match(await say('{"op":"format-disk"}\n'), /unknown request/);
    assert.match(await say("x".repeat(10_000)), /longer than 4096/);
    assert.deepEqual(seen, []);
    assert.deepEqual(await askSupervisor(path, { op: "ready" }), { op: "ready" });
  });
});

describe("a request", () => {
  const good: [string, ControlRequest][] = [
    ['{"op":"status"}', { op: "status", memory: false }],
    ['{"op":"status","memory":true}', { op: "status", memory: true }],
    ['{"op":"node-add"}', { op: "node-add", name: undefined, proxyMode: undefined }],
    ['{"op":"node-add","name":"a","more":1}', { op: "node-add", name: "a", proxyMode: undefined }],
    ['{"op":"node-add","proxyMode":"b"}', { op: "node-add", name: undefined, proxyMode: "b" }],
    ['{"op":"node-proxy-mode","name":"a","mode":"b"}', { op: "node-proxy-mode", name: "a", mode: "b" }],
    ['{"op":"node-proxy-mode","mode":"b"}', { op: "node-proxy-mode", name: undefined, mode: "b" }],
    ['{"op":"node-remove","name":"a"}', { op: "node-remove", name: "a" }],
  ];
  for (const [line, request] of good) test(`${line} is read`, () => assert.deepEqual(parseRequest(line), request));
  const bad = [
    "",
    "null",
    "[]",
    '"status"',
    '{"op":1}',
    '{"op":"node-stop"}',
    '{"op":"node-stop","name":1}',
    '{"op":"node-proxy-mode","name":"a"}',
    '{"op":"node-proxy-mode","name":1,"mode":"b"}',
    '{"op":"node-add","proxyMode":[]}',
  ];
  for (const line of bad) test(`${line || "nothing"} is refused`, () => assert.throws(() => parseRequest(line)));
  test("of any shape is read or refused, never anything else", () => {
    fc.assert(
      fc.property(fc.json(), (line) => {
        try {
          assert.ok("op" in parseRequest(line));
        } catch (error) {
          assert.ok(error instanceof Error);
        }
      }),
    );
  });
});
