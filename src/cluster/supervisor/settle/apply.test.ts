import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, test } from "node:test";
import type { KubernetesClient } from "../../../kubernetes/client.ts";
import { createClient } from "../../../kubernetes/http-client.ts";
import { createHttpsTransport } from "../../../kubernetes/https-transport.ts";
import { applyManifest } from "./apply.ts";
import { ManifestError, parseManifests } from "./manifests.ts";

describe("a manifest is applied", () => {
  let server: Server;
  let client: KubernetesClient;
  const seen: string[] = [];
  const [manifest] = parseManifests("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}", "a.yaml");
  afterEach(async () => {
    await client.close();
    server.close();
  });

  /** An API server that answers requests in turn with these codes; 0: it dies instead. */
  async function serve(...codes: number[]): Promise<void> {
    seen.length = 0;
    server = createServer((request, response) => {
      seen.push(request.method ?? "");
      const code = codes[seen.length - 1] ?? 0;
      if (code === 0) return request.socket.destroy();
      const reason = code === 409 ? "AlreadyExists" : "Invalid";
      response.statusCode = code;
      return response.end(code < 400 ? "{}" : JSON.stringify({ kind: "Status", code, reason, message: "no" }));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    client = createClient(
      createHttpsTransport({ server: `http://127.0.0.1:${port}`, insecure: false, namespace: "default" }),
    );
  }
  const never = new AbortController().signal;

  test("again when the connection broke, and its answer was lost or its change", async () => {
    await serve(0, 0, 409, 0, 200);
    assert.equal(await applyManifest(client, manifest!, never), "configmap/a configured");
    assert.deepEqual(seen, ["POST", "POST", "POST", "PATCH", "PATCH"]);
  });

  test("once when it is refused", async () => {
    await serve(422);
    await assert.rejects(applyManifest(client, manifest!, never), new ManifestError("a.yaml:1: no"));
    assert.deepEqual(seen, ["POST"]);
  });

  test("until patience ends", async () => {
    await serve();
    const ended = AbortSignal.abort();
    await assert.rejects(applyManifest(client, manifest!, ended), /^Error: a\.yaml:1: .*(ECONNRESET|socket hang up)/);
  });
});
