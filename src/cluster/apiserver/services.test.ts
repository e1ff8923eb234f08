import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startTestServer, type TestServer } from "./fixture.ts";

let server: TestServer;
before(async () => {
  server = await startTestServer();
});
after(() => server[Symbol.asyncDispose]());

describe("Services", () => {
  const path = "/api/v1/namespaces/default/services";
  const service = (name: string, spec: object) => ({ metadata: { name }, spec: { selector: { a: "b" }, ...spec } });

  test("get an address and node ports, and nobody gets them twice", async () => {
    const first = await server.admin.post(
      path,
      service("np1", { type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] }),
    );
    assert.equal(first.status, 201, first.text);
    assert.match(first.json.spec.clusterIP, /^10\.(9[6-9]|1[01]\d)\./);
    const cases: [object, RegExp][] = [
      [
        { type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] },
        /spec\.ports\[0\]\.nodePort: Invalid value: 30080: provided port is already allocated$/,
      ],
      [
        { type: "NodePort", ports: [{ port: 80, nodePort: 80 }] },
        /spec\.ports\[0\]\.nodePort: Invalid value: 80: provided port is not in the valid range\. The range of valid ports is 30000-32767$/,
      ],
      [
        { clusterIP: first.json.spec.clusterIP, ports: [{ port: 80 }] },
        /failed to allocate IP .*: provided IP is already allocated$/,
      ],
      [{ clusterIP: "10.96.0.1", ports: [{ port: 80 }] }, /provided IP is already allocated$/],
      [
        { clusterIP: "192.168.1.1", ports: [{ port: 80 }] },
        /is not in the valid range\. The range of valid IPs is 10\.96\.0\.0\/12$/,
      ],
    ];
    for (const [spec, message] of cases) {
      const { status, json } = await server.admin.post(path, service("np2", spec));
      assert.equal(status, 422);
      assert.match(json.message, message);
    }
    await server.admin.delete(`${path}/np1`);
    const again = await server.admin.post(
      path,
      service("np2", { type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] }),
    );
    assert.equal(again.status, 201);
    const narrowed = await server.admin.patch(`${path}/np2`, "merge", {
      spec: { type: "ClusterIP", ports: [{ port: 80 }] },
    });
    assert.equal(narrowed.status, 200, narrowed.text);
    const third = await server.admin.post(
      path,
      service("np3", { type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] }),
    );
    assert.equal(third.status, 201, third.text);
  });

  test("hold nothing after a dry run or a refusal", async () => {
    const spec = { type: "NodePort", ports: [{ name: "a", port: 80, nodePort: 30090 }] };
    assert.equal((await server.admin.post(`${path}?dryRun=All`, service("trial", spec))).status, 201);
    const half = {
      type: "NodePort",
      ports: [
        { name: "a", port: 80, nodePort: 30090 },
        { name: "b", port: 81, nodePort: 1 },
      ],
    };
    assert.equal((await server.admin.post(path, service("half", half))).status, 422);
    assert.equal((await server.admin.post(path, service("full", spec))).status, 201);
  });
});
