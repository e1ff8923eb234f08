import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { WebSocket, WebSocketServer } from "ws";
import { startTestServer, type TestServer } from "../fixture.ts";

/** A node's agent as the API server sees it: a real HTTPS server that asks for a client certificate, and a WebSocket that echoes. */
let server: TestServer;
let agent: Server;
let port: number;
const seen: { url: string; client: string; headers: IncomingMessage["headers"] }[] = [];
const note = ({ url = "", socket, headers }: IncomingMessage) => {
  seen.push({ url, client: String((socket as TLSSocket).getPeerCertificate().subject.CN), headers });
};

before(async () => {
  server = await startTestServer();
  const { certificate, key, ca } = server.issue("system:node:n1");
  agent = createServer(
    { cert: certificate, key, ca, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      note(request);
      if (request.url?.includes("waiting")) {
        response.writeHead(400).end('container "waiting" is waiting to start: ContainerCreating\n');
        return;
      }
      response.write("first line\n");
      if (!request.url?.includes("follow")) response.end("last line\n");
    },
  );
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] ?? false });
  agent.on("upgrade", (request, socket, head) => {
    note(request);
    sockets.handleUpgrade(request, socket, head, (client) => client.on("message", (data) => client.send(data)));
  });
  agent.listen(0, "127.0.0.1");
  await once(agent, "listening");
  ({ port } = agent.address() as AddressInfo);
  const addresses = [{ type: "InternalIP", address: "127.0.0.1" }];
  const status = (Port: number) => ({ addresses, daemonEndpoints: { kubeletEndpoint: { Port } } });
  await server.admin.post("/api/v1/nodes", { metadata: { name: "n1" }, status: status(port) });
  const closed = createServer().listen(0, "127.0.0.1");
  await once(closed, "listening");
  const free = (closed.address() as AddressInfo).port;
  await new Promise((resolve) => closed.close(resolve));
  await server.admin.post("/api/v1/nodes", { metadata: { name: "dead" }, status: status(free) });
  const pod = (name: string, nodeName: string | undefined, ...containers: string[]) =>
    server.admin.post("/api/v1/namespaces/default/pods", {
      metadata: { name },
      spec: { nodeName, containers: containers.map((container) => ({ name: container, image: "hello" })) },
    });
  await pod("one", "n1", "main");
  await pod("two", "n1", "main", "waiting");
  await pod("lost", "dead", "main");
  await pod("unbound", undefined, "main");
});
after(async () => {
  await server[Symbol.asyncDispose]();
  agent.closeAllConnections();
  agent.close();
});

const pods = "/api/v1/namespaces/default/pods";

describe("logs", () => {
  test("come from the agent, asked with the API server's own certificate", async () => {
    const { status, text, headers } = await server.admin.get(`${pods}/one/log?tailLines=2&timestamps=true&secret=1`);
    assert.deepEqual([status, text, headers["content-type"]], [200, "first line\nlast line\n", "text/plain"]);
    assert.deepEqual(
      [seen.at(-1)?.url, seen.at(-1)?.client, seen.at(-1)?.headers.authorization],
      ["/containerLogs/default/one/main?timestamps=true&tailLines=2", "kube-apiserver-kubelet-client", undefined],
    );
  });

  const refusals: [path: string, status: number, message: RegExp][] = [
    ["none/log", 404, /^pods "none" not found$/],
    ["two/log", 400, /^a container name must be specified for pod two, choose one of: \[main waiting\]$/],
    ["two/log?container=other", 400, /^container other is not valid for pod two$/],
    ["two/log?container=waiting", 400, /^container "waiting" is waiting to start: ContainerCreating$/],
    ["unbound/log", 400, /^pod unbound does not have a host assigned$/],
    ["lost/log", 500, /the agent of node dead cannot be reached: .*ECONNREFUSED/],
    ["one/exec?command=ls", 400, /exec needs a WebSocket/],
  ];
  for (const [path, status, message] of refusals) {
    test(`are refused: ${path}`, async () => {
      const { json, ...reply } = await server.admin.get(`${pods}/${path}`);
      assert.equal(reply.status, status, reply.text);
      assert.match(json.message, message);
    });
  }

  test("that are followed end when the client leaves", async () => {
    const closed = new Promise((resolve) => agent.once("request", (request) => request.socket.once("close", resolve)));
    await assert.rejects(server.admin.watch(`${pods}/one/log?follow=true`, 1));
    await closed;
  });
});

describe("exec", () => {
  /** A WebSocket with an administrator's token: the way of `kubectl exec`, but for the certificate. */
  async function open(path: string, token: string): Promise<WebSocket> {
    const socket = new WebSocket(`wss://127.0.0.1:${server.port}${path}`, ["v5.channel.k8s.io"], {
      rejectUnauthorized: false,
      headers: { authorization: `Bearer ${token}` },
    });
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("unexpected-response", (_request, response: IncomingMessage) => {
        let text = "";
        response.on("data", (chunk) => {
          text += String(chunk);
        });
        response.on("end", () => reject(new Error(`${response.statusCode} ${text}`)));
      });
      socket.once("error", reject);
    });
    return socket;
  }
  const tokenOf = async (account: string) => {
    await server.admin.post("/api/v1/namespaces/default/serviceaccounts", { metadata: { name: account } });
    const { json } = await server.admin.post(`/api/v1/namespaces/default/serviceaccounts/${account}/token`, {});
    return json.status.token as string;
  };

  test("tunnels a WebSocket to the agent for who may", async () => {
    const token = await tokenOf("operator");
    await assert.rejects(
      open(`${pods}/one/exec?command=ls&stdout=1`, token),
      /403 .*cannot create resource .*pods\/exec/,
    );
    const apiGroup = "rbac.authorization.k8s.io";
    await server.admin.post(`/apis/${apiGroup}/v1/namespaces/default/rolebindings`, {
      metadata: { name: "operator" },
      roleRef: { apiGroup, kind: "ClusterRole", name: "edit" },
      subjects: [{ kind: "ServiceAccount", name: "operator", namespace: "default" }],
    });
    const socket = await open(
      `${pods}/one/exec?command=sh&command=-c&command=a%26b&stdin=true&stdout=true&tty=false`,
      token,
    );
    assert.equal(socket.protocol, "v5.channel.k8s.io");
    assert.deepEqual(
      [seen.at(-1)?.url, seen.at(-1)?.headers.authorization],
      ["/exec/default/one/main?input=1&output=1&command=sh&command=-c&command=a%26b", undefined],
    );
    const big = Buffer.alloc(1 << 20, "x");
    socket.send(big);
    const [echoed] = await once(socket, "message");
    assert.deepEqual(echoed, big);
    socket.close();
    await once(socket, "close");
    await assert.rejects(open(`${pods}/lost/exec?command=ls&stdout=1`, token), /500 .*cannot be reached/);
    await assert.rejects(open(`${pods}/one/exec?command=ls&stdout=1`, "nonsense"), /401 .*Unauthorized/);
  });

  const refusals: [path: string, status: number, message: RegExp][] = [
    ["one/exec?command=ls&stdout=1", 400, /which kubectl uses from 1\.31 on; SPDY is not supported yet/],
    ["one/attach?stdout=1", 400, /^attach is not supported yet: /],
    ["none/exec?command=ls&stdout=1", 404, /^pods "none" not found$/],
    ["two/exec?container=waiting&command=ls&stdout=1", 400, /^container "waiting" is waiting to start/],
    ["lost/exec?command=ls&stdout=1", 500, /the agent of node dead cannot be reached/],
  ];
  for (const [path, status, message] of refusals) {
    test(`refuses SPDY with the reason why nothing else would do either: ${path}`, async () => {
      const reply = await server.admin.call({
        method: "POST",
        path: `${pods}/${path}`,
        headers: { connection: "Upgrade", upgrade: "SPDY/3.1" },
      });
      assert.equal(reply.status, status);
      assert.match(reply.json.message, message);
    });
  }
});
