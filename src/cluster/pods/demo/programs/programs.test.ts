import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { after, describe, it } from "node:test";
import { HttpFrontend } from "../http.ts";
import { type Listener, UsageError } from "../program.ts";
import { programNames } from "../program-names.ts";
import { programs } from "./table.ts";

const pod = { name: "web-1", namespace: "shop", ip: "10.32.0.3", node: "node1", container: "main" };

interface Served {
  listeners: Listener[];
  logged: string[];
  exits: number[];
}

function listen(name: string, args: string[] = [], env: Record<string, string> = {}): Served {
  const logged: string[] = [];
  const exits: number[] = [];
  const container = { id: "1", program: name, args, env, networkNamespace: "/none", logFile: "/none", pod };
  const runtime = {
    container,
    log: (line: string) => void logged.push(line),
    exit: (code: number) => void exits.push(code),
  };
  return { listeners: programs.get(name)!.listeners(runtime), logged, exits };
}

const frontend = new HttpFrontend();
const servers: Server[] = [];
const sockets = new Set<Socket>();
after(() => {
  for (const server of servers) server.close();
  // Clients keep their connections for later requests.
  for (const socket of sockets) socket.destroy();
  frontend.close();
});

/** Serves a program's first HTTP listener on a loopback port; resolves to its origin. */
async function serve(name: string, { listeners, logged }: Served): Promise<string> {
  const listener = listeners.find(({ protocol }) => protocol === "http");
  assert.ok(listener?.protocol === "http");
  const host = { program: programs.get(name)!, stopping: false, log: (line: string) => void logged.push(line) };
  const server = createServer((socket) => {
    sockets.add(socket);
    frontend.serve(socket, host, listener.handle);
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("ports", () => {
  const cases: [name: string, args: string[], env: Record<string, string>, ports: string][] = [
    ["echo", [], {}, "http 80"],
    ["echo", [], { PORT: "8080", UDP_PORT: "5353" }, "http 8080, udp 5353"],
    ["echo", ["--http=81", "--http", "82", "-tcp", "7"], { PORT: "8080" }, "http 81, http 82, tcp 7"],
    ["docker-http-server", [], {}, "http 80"],
    ["nginx", [], {}, "http 80"],
    ["nginx", ["--port=8080"], {}, "http 8080"],
    ["nginx-hello", [], {}, "http 80"],
    ["httpd", [], {}, "http 80"],
    ["whoami", [], {}, "http 80"],
    ["whoami", ["--port", "81"], { WHOAMI_PORT_NUMBER: "82" }, "http 81"],
    ["whoami", [], { WHOAMI_PORT_NUMBER: "82" }, "http 82"],
    ["http-echo", ["-text=a"], {}, "http 5678"],
    ["http-echo", ["-text", "a", "-listen", "0.0.0.0:80"], {}, "http 80"],
    ["hello-app", [], {}, "http 8080"],
    ["hello-app", [], { PORT: "80" }, "http 80"],
    ["echoserver", [], {}, "http 8080"],
    ["httpbin", [], {}, "http 80"],
    ["pause", [], {}, ""],
    ["agnhost", [], {}, ""],
    ["agnhost", ["netexec"], {}, "http 8080, udp 8081"],
    ["agnhost", ["netexec", "--http-port=80", "--udp-port=-1"], {}, "http 80"],
    ["agnhost", ["serve-hostname"], {}, "http 9376"],
    ["agnhost", ["serve-hostname", "--http=false", "--tcp", "--udp", "--port=1"], {}, "tcp 1, udp 1"],
  ];
  for (const [name, args, env, ports] of cases) {
    it(`${name} ${args.join(" ")} ${JSON.stringify(env)}`, () => {
      assert.equal(
        listen(name, args, env)
          .listeners.map(({ protocol, port }) => `${protocol} ${port}`)
          .join(", "),
        ports,
      );
    });
  }
  it("are tried for every program", () => {
    assert.deepEqual(new Set(cases.map(([name]) => name)), new Set(programNames));
  });
});

describe("arguments that the program refuses", () => {
  const cases: [name: string, args: string[], env: Record<string, string>, message: RegExp][] = [
    ["echo", ["--http"], {}, /--http needs a value/],
    ["echo", ["--http=0"], {}, /--http: "0" is not a port/],
    ["echo", ["--nope"], {}, /unknown option --nope; known: --http/],
    ["echo", ["serve"], {}, /unexpected argument "serve"/],
    ["echo", [], { PORT: "http" }, /PORT: "http" is not a port/],
    ["http-echo", [], {}, /Missing -text/],
    ["http-echo", ["-text=a", "-status-code=99"], {}, /-status-code/],
    ["agnhost", ["guestbook"], {}, /unknown command "guestbook".*netexec/],
    ["agnhost", ["constructor"], {}, /unknown command/],
  ];
  for (const [name, args, env, message] of cases) {
    it(`${name} ${args.join(" ")} ${JSON.stringify(env)}`, () => {
      assert.throws(
        () => listen(name, args, env),
        (error) => error instanceof UsageError && message.test(error.message),
      );
    });
  }
});

describe("answers", () => {
  const cases: [program: string, args: string[], path: string, status: number, body: RegExp][] = [
    ["docker-http-server", [], "/any", 200, /^<h1>This request was processed by host: web-1<\/h1>\n$/],
    ["nginx", [], "/", 200, /Welcome to nginx!.*stand-in.*web-1/s],
    ["nginx", [], "/nope", 404, /404/],
    ["nginx", [], "/healthz", 200, /^ok\n$/],
    ["httpd", [], "/", 200, /It works!/],
    ["nginx-hello", [], "/a?b", 200, /^Server name: web-1$.*^URI: \/a\?b$/ms],
    ["whoami", ["--name=n"], "/x", 200, /^Name: n\nHostname: web-1\n.*^GET \/x HTTP\/1\.1$/ms],
    ["whoami", [], "/api", 200, /"hostname": "web-1"/],
    ["whoami", [], "/bench", 200, /^1$/],
    ["http-echo", ["-text=hi"], "/", 200, /^hi\n$/],
    ["http-echo", ["-text=hi", "-status-code=418"], "/", 418, /^hi\n$/],
    ["http-echo", ["-text=hi"], "/health", 200, /"ok"/],
    ["hello-app", ["--version=2.0.0"], "/", 200, /^Hello, world!\nVersion: 2\.0\.0\nHostname: web-1\n$/],
    ["echoserver", [], "/p?q=1", 200, /^Hostname: web-1$.*pod namespace:\tshop.*real path=\/p\?q=1.*no body/ms],
    ["agnhost", ["netexec"], "/hostname", 200, /^web-1$/],
    ["agnhost", ["netexec"], "/clientip", 200, /^127\.0\.0\.1:\d+$/],
    ["agnhost", ["netexec"], "/echo?msg=a%20b&code=503", 503, /^a b$/],
    ["agnhost", ["netexec"], "/header?key=X-Test", 200, /^1$/],
    ["agnhost", ["netexec"], "/shell?cmd=id", 404, /not found/],
    ["agnhost", ["serve-hostname"], "/", 200, /^web-1$/],
    ["httpbin", [], "/get?a=1", 200, /"args": \{\s+"a": "1"/],
    ["httpbin", [], "/post", 405, /Method/],
    ["httpbin", [], "/status/503", 503, /^$/],
    ["httpbin", [], "/status/99", 400, /^$/],
    ["httpbin", [], "/ip", 200, /"127\.0\.0\.1"/],
    ["httpbin", [], "/constructor", 404, /Not Found/],
    ["echo", [], "/status/503", 503, /^Pod: {7}shop\/web-1/],
    ["echo", [], "/status/1000", 400, /200 to 599/],
    ["echo", [], "/%zz?delay=x", 200, /^GET \/%zz\?delay=x HTTP\/1\.1$/m],
    ["echo", [], "/healthz", 200, /^ok\n$/],
  ];
  for (const [name, args, path, status, body] of cases) {
    it(`${name} ${args.join(" ")} GET ${path}`, async () => {
      const origin = await serve(name, listen(name, args));
      const response = await fetch(origin + path, { headers: { "x-test": "1" }, redirect: "manual" });
      assert.equal(response.status, status);
      assert.match(await response.text(), body);
      const { server, greeting } = programs.get(name)!;
      assert.equal(response.headers.get("server"), server);
      if (name !== "echo")
        assert.ok(server === `fairway-stand-in/${name}` && /stand-in/.test(greeting), "a stand-in says so");
    });
  }

  it("echo reports a chunked body, and headers as they came", async () => {
    const origin = await serve("echo", listen("echo"));
    const response = await fetch(origin, {
      method: "POST",
      body: "x".repeat(100_000),
      headers: { accept: "application/json", "X-Twice": "a" },
    });
    const report = (await response.json()) as {
      request: { bodyBytes: number; body: string; headerLines: string[] };
      pod: unknown;
    };
    assert.equal(report.request.bodyBytes, 100_000);
    assert.equal(report.request.body.length, 65_536);
    assert.ok(report.request.headerLines.includes("X-Twice: a"));
    assert.deepEqual(report.pod, pod);
  });

  it("echo shows a browser what the client sent, as text only", async () => {
    const origin = await serve("echo", listen("echo"));
    const response = await fetch(origin, { method: "POST", body: "<script>", headers: { accept: "text/html" } });
    assert.doesNotMatch(await response.text(), /<script>/);
  });

  it("echo and agnhost end their container when asked to", async () => {
    for (const [name, args, path, code] of [
      ["echo", [], "/exit/3", 3],
      ["agnhost", ["netexec"], "/exit?code=4", 4],
      ["agnhost", ["netexec"], "/shutdown", 0],
    ] as const) {
      const served = listen(name, [...args]);
      await (await fetch((await serve(name, served)) + path)).text();
      assert.deepEqual(served.exits, [code]);
    }
  });

  it("answers datagrams", () => {
    const ask = (name: string, args: string[], data: string) => {
      const listener = listen(name, args).listeners.find(({ protocol }) => protocol === "udp");
      assert.ok(listener?.protocol === "udp");
      const replies: string[] = [];
      listener.receive(Buffer.from(data), { address: "10.0.0.9", port: 5 }, (answer) =>
        replies.push(answer.toString()),
      );
      return replies;
    };
    assert.deepEqual(ask("echo", ["--udp=1"], "any"), ["any"]);
    assert.deepEqual(JSON.parse(ask("echo", ["--udp=1"], "who\n")[0]!), {
      pod,
      client: { address: "10.0.0.9", port: 5 },
    });
    assert.deepEqual(ask("agnhost", ["netexec"], "hostName\n"), ["web-1"]);
    assert.deepEqual(ask("agnhost", ["netexec"], "echo a b"), ["a b"]);
    assert.deepEqual(ask("agnhost", ["netexec"], "clientip"), ["10.0.0.9:5"]);
    assert.deepEqual(ask("agnhost", ["netexec"], "nothing"), []);
  });
});

describe("the HTTP frontend", () => {
  const raw = async (origin: string, text: string) => {
    const socket = connect(Number(new URL(origin).port), "127.0.0.1");
    socket.end(text);
    const chunks: Buffer[] = [];
    for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };
  it("answers pipelined requests in order on one connection", async () => {
    const served = listen("http-echo", ["-text=hi"]);
    const answer = await raw(
      await serve("http-echo", served),
      "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\nConnection: close\r\n\r\n",
    );
    assert.equal(answer.match(/^HTTP\/1\.1 200 OK/gm)?.length, 2);
    assert.deepEqual(
      served.logged.slice(1).map((line) => /"GET (\S+)/.exec(line)?.[1]),
      ["/1", "/2"],
    );
  });
  it("refuses what is no HTTP, and headers without end", async () => {
    const origin = await serve("echo", listen("echo"));
    assert.match(await raw(origin, "nonsense\r\n\r\n"), /^HTTP\/1\.1 400 /);
    assert.match(await raw(origin, `GET / HTTP/1.1\r\nX: ${"x".repeat(70_000)}\r\n\r\n`), /^HTTP\/1\.1 431 |^$/);
  });
});
