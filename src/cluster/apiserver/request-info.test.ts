import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { StatusError } from "../../kubernetes/errors.ts";
import { parseRequest } from "./request-info.ts";

/** verb, then group/version/plural/namespace/name/subresource. */
const cases: [request: string, verb: string, resource: string | undefined][] = [
  ["GET /api/v1/pods", "list", "/v1/pods///"],
  ["GET /api/v1/pods?watch=1", "watch", "/v1/pods///"],
  ["GET /api/v1/pods?watch=false", "list", "/v1/pods///"],
  ["GET /api/v1/namespaces/a/pods/", "list", "/v1/pods/a//"],
  ["GET /api/v1/namespaces/a/pods/b", "get", "/v1/pods/a/b/"],
  ["GET /api/v1/namespaces/a/pods/b?watch=1", "get", "/v1/pods/a/b/"],
  ["GET /api/v1/namespaces/a/pods/b/log", "get", "/v1/pods/a/b/log"],
  ["POST /api/v1/namespaces/a/pods/b/exec", "create", "/v1/pods/a/b/exec"],
  ["GET /api/v1/namespaces", "list", "/v1/namespaces///"],
  ["GET /api/v1/namespaces/a", "get", "/v1/namespaces//a/"],
  ["PUT /api/v1/namespaces/a/finalize", "update", "/v1/namespaces//a/finalize"],
  ["PATCH /api/v1/namespaces/a/status", "patch", "/v1/namespaces//a/status"],
  ["DELETE /apis/apps/v1/namespaces/a/deployments", "deletecollection", "apps/v1/deployments/a//"],
  ["DELETE /apis/apps/v1/namespaces/a/deployments/b", "delete", "apps/v1/deployments/a/b/"],
  ["HEAD /api/v1/nodes/n", "get", "/v1/nodes//n/"],
  [
    "GET /apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode",
    "get",
    "rbac.authorization.k8s.io/v1/clusterroles//system:node/",
  ],
  ["GET /api", "get", undefined],
  ["GET /api/v1", "get", undefined],
  ["GET /apis/apps/v1/", "get", undefined],
  ["POST /version", "post", undefined],
];

describe("a request", () => {
  for (const [request, verb, resource] of cases) {
    test(request, () => {
      const [method = "", target = ""] = request.split(" ");
      const info = parseRequest(method, target);
      const found = info.resource;
      const text =
        found && [found.group, found.version, found.plural, found.namespace, found.name, found.subresource].join("/");
      assert.deepEqual([info.verb, text], [verb, resource]);
    });
  }

  for (const target of ["*", "http://x/", "/a%2Fb", "/%zz", "/%00", `/${"x".repeat(20_000)}`]) {
    test(`is refused for the target ${target.slice(0, 20)}`, () => {
      assert.throws(
        () => parseRequest("GET", target),
        (error) => error instanceof StatusError && error.code === 400,
      );
    });
  }

  test("is read or refused with 400, whatever it is", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (method, target) => {
        try {
          parseRequest(method, target);
        } catch (error) {
          assert.ok(error instanceof StatusError && error.code === 400, String(error));
        }
      }),
    );
  });
});
