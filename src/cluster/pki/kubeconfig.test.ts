import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { parseKubeconfig } from "../../kubernetes/kubeconfig.ts";
import { kubeconfigText } from "./kubeconfig.ts";

const text = kubeconfigText({
  cluster: "fairway-lab",
  user: "lab-admin",
  server: "https://198.18.0.2:6443",
  authority: "-----BEGIN CERTIFICATE-----\nCA\n-----END CERTIFICATE-----\n",
  credential: {
    certificate: "-----BEGIN CERTIFICATE-----\nC\n-----END CERTIFICATE-----\n",
    key: "-----BEGIN PRIVATE KEY-----\nK\n-----END PRIVATE KEY-----\n",
  },
});

test("a kubeconfig is read as it was meant, by our client and as YAML", async () => {
  const access = await parseKubeconfig(text, { source: "test", directory: "/" });
  assert.equal(access.server, "https://198.18.0.2:6443");
  assert.match(access.ca ?? "", /\nCA\n/);
  assert.match(access.clientCertificate ?? "", /\nC\n/);
  assert.match(access.clientKey ?? "", /\nK\n/);
  assert.equal((parse(text) as Record<string, unknown>)["current-context"], "fairway-lab");
});
