import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, PodSpec } from "../../kubernetes/types.ts";
import { unsupportedFields } from "./unsupported.ts";

function reasons(container: Partial<Container>, spec: Partial<PodSpec> = {}): string {
  return unsupportedFields({ spec: { containers: [{ name: "c", ...container }], ...spec } }).join("\n");
}

test("an ordinary Pod has nothing that is refused", () => {
  const container = {
    ports: [{ containerPort: 80 }],
    readinessProbe: { httpGet: { port: 80 } },
    volumeMounts: [{ name: "v", mountPath: "/v" }],
  };
  assert.equal(reasons(container, { volumes: [{ name: "v", emptyDir: {} }] }), "");
  assert.equal(reasons({ ports: [{ containerPort: 80, hostPort: 80 }] }, { hostNetwork: true }), "");
});

for (const [container, spec, expected] of [
  [{ ports: [{ containerPort: 80, hostPort: 8080 }] }, {}, /containers\{c\}\.ports\.hostPort .* NodePort/],
  [{ livenessProbe: { grpc: { port: 1 } } }, {}, /livenessProbe\.grpc/],
  [{ securityContext: { privileged: true } }, {}, /privileged/],
  [{ tty: true }, {}, /kubectl exec -t/],
  [{}, { hostPID: true }, /hostPID/],
  [
    {},
    { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "x" } }] },
    /volume "v" of kind persistentVolumeClaim/,
  ],
] as [Partial<Container>, Partial<PodSpec>, RegExp][])
  test(`refuses ${JSON.stringify({ ...container, ...spec })}`, () => {
    assert.match(reasons(container, spec), expected);
  });
