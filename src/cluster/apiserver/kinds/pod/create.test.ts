import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Container, Pod } from "../../../../kubernetes/types.ts";
import { created, print } from "../testing.ts";
import { pod } from "./pod.ts";

const tokenPath = "/var/run/secrets/kubernetes.io/serviceaccount";

function create(spec: object): Pod {
  return created(pod, { metadata: { name: "a" }, spec, status: { phase: "Running" } }) as Pod;
}

describe("a new Pod", () => {
  test("gets Kubernetes' defaults", () => {
    const { spec, status } = create({
      automountServiceAccountToken: false,
      containers: [
        {
          name: "main",
          image: "a",
          ports: [{ containerPort: 80 }],
          readinessProbe: { httpGet: { port: 80 } },
          env: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
          resources: { limits: { cpu: "1" } },
        },
      ],
      volumes: [{ name: "empty" }, { name: "config", configMap: { name: "c" } }],
    });
    assert.deepEqual(spec, {
      automountServiceAccountToken: false,
      containers: [
        {
          name: "main",
          image: "a",
          imagePullPolicy: "Always",
          ports: [{ containerPort: 80, protocol: "TCP" }],
          readinessProbe: {
            httpGet: { port: 80, path: "/", scheme: "HTTP" },
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
          },
          env: [{ name: "A", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } } }],
          resources: { limits: { cpu: "1" }, requests: { cpu: "1" } },
          terminationMessagePath: "/dev/termination-log",
          terminationMessagePolicy: "File",
        },
      ],
      volumes: [
        { name: "empty", emptyDir: {} },
        { name: "config", configMap: { name: "c", defaultMode: 420 } },
      ],
      dnsPolicy: "ClusterFirst",
      enableServiceLinks: true,
      preemptionPolicy: "PreemptLowerPriority",
      priority: 0,
      restartPolicy: "Always",
      schedulerName: "default-scheduler",
      securityContext: {},
      serviceAccount: "default",
      serviceAccountName: "default",
      terminationGracePeriodSeconds: 30,
    });
    assert.deepEqual(status, { phase: "Pending", qosClass: "Burstable" });
  });

  const images: [string, string][] = [
    ["a", "Always"],
    ["a:latest", "Always"],
    ["a:1", "IfNotPresent"],
    ["host:5000/a", "Always"],
    ["host:5000/a:1", "IfNotPresent"],
    ["a@sha256:0", "IfNotPresent"],
  ];
  for (const [image, policy] of images) {
    test(`pulls ${image} ${policy}`, () => {
      assert.equal(create({ containers: [{ name: "a", image }] }).spec?.containers[0]?.imagePullPolicy, policy);
    });
  }

  test("finds its token, the CA and its namespace in a volume", () => {
    const object = create({ containers: [{ name: "a", image: "a" }], initContainers: [{ name: "b", image: "b" }] });
    const volume = object.spec?.volumes?.[0];
    assert.match(volume?.name ?? "", /^kube-api-access-[a-z0-9]{5}$/);
    assert.deepEqual(
      volume?.projected?.sources?.flatMap((source) => Object.keys(source)),
      ["serviceAccountToken", "configMap", "downwardAPI"],
    );
    for (const container of [...(object.spec?.containers ?? []), ...(object.spec?.initContainers ?? [])]) {
      assert.deepEqual(container.volumeMounts, [{ name: volume?.name, mountPath: tokenPath, readOnly: true }]);
    }
    assert.deepEqual(print(pod.validate(object)), []);
  });
  test("with a mount of its own at that place gets none", () => {
    const volumeMounts = [{ name: "mine", mountPath: tokenPath }];
    const object = create({ volumes: [{ name: "mine" }], containers: [{ name: "a", image: "a", volumeMounts }] });
    assert.equal(object.spec?.volumes?.length, 1);
  });

  const classes: [string, Container["resources"], string][] = [
    ["nothing asked", {}, "BestEffort"],
    ["limits for both", { limits: { cpu: "1", memory: "1Gi" } }, "Guaranteed"],
    ["a limit for one", { limits: { cpu: "1" } }, "Burstable"],
    ["less requested", { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: "500m" } }, "Burstable"],
  ];
  for (const [title, resources, qosClass] of classes) {
    test(`${title}: ${qosClass}`, () => {
      assert.equal(create({ containers: [{ name: "a", image: "a", resources }] }).status?.qosClass, qosClass);
    });
  }
});
