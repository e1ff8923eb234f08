import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { JwtKey } from "./jwt.ts";

const pem = (kind: "ec" | "rsa") => {
  const { privateKey } =
    kind === "ec"
      ? generateKeyPairSync("ec", { namedCurve: "prime256v1" })
      : generateKeyPairSync("rsa", { modulusLength: 2048 });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
};
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("a signed token", () => {
  for (const kind of ["ec", "rsa"] as const) {
    test(`is read back with its ${kind} key and no other`, () => {
      const key = new JwtKey(pem(kind));
      const token = key.sign({ sub: "someone" });
      assert.deepEqual(key.verify(token), { sub: "someone" });
      assert.equal(new JwtKey(pem(kind)).verify(token), undefined);
    });
  }

  const key = new JwtKey(pem("ec"));
  const token = key.sign({ sub: "someone", admin: false });
  const [header = "", claims = "", signature = ""] = token.split(".");
  const forged: [name: string, token: string][] = [
    ["other claims", `${header}.${encode({ sub: "someone", admin: true })}.${signature}`],
    ["no signature", `${header}.${claims}.`],
    ["no algorithm", `${encode({ alg: "none" })}.${claims}.`],
    ["another algorithm", `${encode({ alg: "HS256" })}.${claims}.${signature}`],
    ["two parts", `${header}.${claims}`],
    ["four parts", `${token}.x`],
    ["a header that is no JSON", `e30x.${claims}.${signature}`],
    ["nothing", ""],
  ];
  for (const [name, text] of forged) test(`with ${name} is none`, () => assert.equal(key.verify(text), undefined));

  test("is changed by no single letter", () => {
    fc.assert(
      fc.property(fc.nat(token.length - 2), fc.constantFrom("A", "z", "_", "."), (at, letter) => {
        const changed = token.slice(0, at) + letter + token.slice(at + 1);
        assert.equal(key.verify(changed) === undefined, changed !== token);
      }),
    );
  });

  test("needs a key that the algorithms take", () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const text = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    assert.throws(() => new JwtKey(text), /must be RSA or EC P-256, found ed25519/);
  });
});
