import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import pino from "pino";
import { parseBindAddress, servePages } from "./http-server.ts";

test("bind addresses", () => {
  assert.deepEqual(parseBindAddress("0.0.0.0:10256"), { host: "0.0.0.0", port: 10_256 });
  assert.deepEqual(parseBindAddress("[::1]:80"), { host: "::1", port: 80 });
  assert.deepEqual(parseBindAddress(":80"), { host: "0.0.0.0", port: 80 });
  for (const text of ["", "80", "1.2.3.4", "1.2.3.4:65536", "::1:80", "[::1]"])
    assert.equal(parseBindAddress(text), undefined, text);
});

/** A port that nobody has at the moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

test("pages by path, nothing else", async () => {
  const port = await freePort();
  const log = pino({ level: "silent" });
  const page = () => ({ status: 503, type: "application/json", body: '{"healthy":false}' });
  const broken = () => Promise.reject(new Error("no such thing"));
  const server = servePages({ host: "127.0.0.1", port }, { "/healthz": page, "/broken": broken }, log);
  const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init);
  const response = await get("/healthz?verbose");
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("content-type"), "application/json");
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  assert.deepEqual(await response.json(), { healthy: false });
  assert.equal((await get("/toString")).status, 404);
  const failed = await get("/broken");
  assert.deepEqual([failed.status, await failed.text()], [500, "no such thing\n"]);
  assert.equal((await get("/healthz", { method: "POST", body: "x" })).status, 404);
  assert.equal(await (await get("/healthz", { method: "HEAD" })).text(), "");
  server.close();
});
