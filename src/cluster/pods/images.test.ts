import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type ProgramName, programNames } from "./demo/program-names.ts";
import { imageTable } from "./image-table.ts";
import { launchOf, parseImageName, resolveImage } from "./images.ts";

describe("parseImageName", () => {
  const cases: [image: string, familiar: string | undefined, full?: string][] = [
    ["nginx", "nginx", "docker.io/library/nginx:latest"],
    ["nginx:1.25-alpine", "nginx", "docker.io/library/nginx:1.25-alpine"],
    ["library/nginx", "nginx", "docker.io/library/nginx:latest"],
    ["docker.io/nginx", "nginx", "docker.io/library/nginx:latest"],
    ["index.docker.io/library/nginx:1", "nginx", "docker.io/library/nginx:1"],
    ["traefik/whoami:v1.10", "traefik/whoami", "docker.io/traefik/whoami:v1.10"],
    ["registry.k8s.io/pause:3.9", "registry.k8s.io/pause", "registry.k8s.io/pause:3.9"],
    ["localhost:5000/a/b/c", "localhost:5000/a/b/c", "localhost:5000/a/b/c:latest"],
    ["localhost/app", "localhost/app", "localhost/app:latest"],
    [`nginx@sha256:${"a".repeat(64)}`, "nginx", `docker.io/library/nginx@sha256:${"a".repeat(64)}`],
    [`nginx:1@sha256:${"a".repeat(64)}`, "nginx", `docker.io/library/nginx:1@sha256:${"a".repeat(64)}`],
    ["", undefined],
    ["Nginx", undefined],
    ["nginx:", undefined],
    ["nginx:a b", undefined],
    ["/nginx", undefined],
    ["nginx/", undefined],
    ["a//b", undefined],
    ["nginx@sha256:123", undefined],
    ["x".repeat(5000), undefined],
  ];
  for (const [image, familiar, full] of cases) {
    it(image.slice(0, 60) || "(empty)", () => {
      assert.equal(parseImageName(image)?.familiar, familiar);
      assert.equal(parseImageName(image)?.full, full);
    });
  }

  it("never throws, and reads its own full name again as the same", () => {
    const characters = fc.string({ unit: fc.constantFrom(..."ab1./:@-_AZ"), maxLength: 40 });
    fc.assert(
      fc.property(characters, (image) => {
        const name = parseImageName(image);
        if (name !== undefined) assert.deepEqual(parseImageName(name.full), name);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("resolveImage and launchOf", () => {
  const launch = (image: string, command?: string[], args?: string[]) => {
    const found = resolveImage(image, imageTable);
    assert.ok(found.kind !== "unknown", image);
    return launchOf(found, command, args);
  };
  const demo = (program: string, ...args: string[]) => ({ kind: "demo", program, args, env: {} });
  const process = (...argv: string[]) => ({ kind: "process", argv, env: {} });
  const cases: [about: string, actual: () => unknown, expected: unknown][] = [
    ["a demo image", () => launch("katacoda/docker-http-server:latest"), demo("docker-http-server")],
    ["its args", () => launch("hashicorp/http-echo", [], ["-text=hi"]), demo("http-echo", "-text=hi")],
    ["a default of the table", () => launch("nginxinc/nginx-unprivileged"), demo("nginx", "--port=8080")],
    ["a tag of its own", () => launch("gcr.io/google-samples/hello-app:2.0"), demo("hello-app", "--version=2.0.0")],
    ["any other tag", () => launch("gcr.io/google-samples/hello-app:1.0"), demo("hello-app")],
    ["a demo image with a command", () => launch("nginx", ["sleep"], ["9"]), process("sleep", "9")],
    ["a host image", () => launch("busybox"), process("sh")],
    ["its args", () => launch("busybox", undefined, ["sleep", "9"]), process("sleep", "9")],
    [
      "its command",
      () => launch("python:3.12", ["python3", "-m", "http.server"]),
      process("python3", "-m", "http.server"),
    ],
    ["a program of the PATH", () => launch("host/python3"), process("python3")],
    ["with a tag", () => launch("host/python3:latest", undefined, ["-V"]), process("python3", "-V")],
    ["a program by its path", () => launch("host/usr/bin/X11"), process("/usr/bin/X11")],
  ];
  for (const [about, actual, expected] of cases) it(about, () => assert.deepEqual(actual(), expected));

  it("tells how to add an unknown image", () => {
    const found = resolveImage("example.com/team/app:3", imageTable);
    assert.ok(found.kind === "unknown");
    assert.equal(found.reason, "ErrImagePull");
    assert.match(found.message, /^Image "example\.com\/team\/app" is not in Fairway's image table.*--images FILE/);
  });
  it("tells a name that is none", () => {
    const found = resolveImage("No Such", imageTable);
    assert.ok(found.kind === "unknown" && found.reason === "InvalidImageName");
  });
});

describe("the image table", () => {
  it("names only programs that exist", () => {
    for (const [name, image] of imageTable) {
      assert.ok(image.kind === "process" || programNames.includes(image.program as ProgramName), name);
    }
  });
  it("is what docs/images.md says", async () => {
    const text = await readFile(new URL("../../../docs/images.md", import.meta.url), "utf8");
    const listed = [...text.matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
    );
    assert.deepEqual(listed.filter((name) => name !== "host/PROGRAM").sort(), [...imageTable.keys()].sort());
  });
});
