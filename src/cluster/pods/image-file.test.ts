import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ImageFileError, parseImageFile } from "./image-file.ts";

const parse = (text: string) => parseImageFile(text, "images.yaml");

describe("parseImageFile", () => {
  it("reads demo and process images", async () => {
    const table = await parse(`images:
- name: example.com/team/app
  program: echo
  args: [--http, 8080]
  env: {PORT: 0123, DEBUG: yes}
- name: docker.io/library/tool:2.0
  entrypoint: [python3, -m]
  args:
  - http.server
`);
    assert.deepEqual(
      [...table],
      [
        [
          "example.com/team/app",
          { kind: "demo", program: "echo", defaultArgs: ["--http", "8080"], env: { PORT: "0123", DEBUG: "yes" } },
        ],
        ["tool:2.0", { kind: "process", entrypoint: ["python3", "-m"], defaultArgs: ["http.server"], env: undefined }],
      ],
    );
  });

  const mistakes: [text: string, message: RegExp][] = [
    ["", /^images\.yaml:1: must be a mapping/],
    ["images: 3", /^images\.yaml:1: images: must be a list/],
    ["images:\n- name: a\n  progam: echo", /^images\.yaml:3: unknown field "progam"; known: name, program/],
    [
      "images:\n- name: a\n  program: ekko",
      /^images\.yaml:3: program: "ekko" is none of echo, docker-http-server, nginx/,
    ],
    ["images:\n- program: echo", /^images\.yaml:2: name: must be a string/],
    ["images:\n- name: A b\n  program: echo", /^images\.yaml:2: name: is no image name/],
    [
      "images:\n- name: a\n  program: echo\n- name: docker.io/a\n  program: echo",
      /^images\.yaml:4: name: a is in the list already/,
    ],
    ["images:\n- name: a\n  program: echo\n  entrypoint: [x]", /^images\.yaml:2: an image has either/],
    ["images:\n- name: a", /^images\.yaml:2: an image needs/],
    ["images:\n- name: a\n  args: x", /^images\.yaml:3: args: must be a list/],
    ["images:\n- name: a\n  args: [[x]]", /^images\.yaml:3: args\[0\]: must be a string/],
    ["images:\n- name: a\n  env: []", /^images\.yaml:3: env: must be a mapping/],
    ["images:\n  - name: a\n - b", /^images\.yaml:\d: /],
    ["images: [", /^images\.yaml:1: /],
  ];
  for (const [text, message] of mistakes) {
    it(JSON.stringify(text), () =>
      assert.rejects(parse(text), (error) => error instanceof ImageFileError && message.test(error.message)),
    );
  }

  it("fails on any text only with its own error", async () => {
    const line = fc.constantFrom(
      "images:",
      "- name: a",
      "  program: echo",
      "  env: {a: b}",
      "  args: [x",
      "]",
      "&a",
      "*a",
      "\t",
      "? x",
      "- - -",
      "{}",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 8 }), async (chosen) => {
        await parse(chosen.join("\n")).catch((error) => assert.ok(error instanceof ImageFileError, String(error)));
      }),
      { numRuns: 300 },
    );
  });
});
