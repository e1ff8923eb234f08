import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAddressPort } from "../../ip/address.ts";
import type { Endpoint } from "../table.ts";
import data from "../testing/categories.json" with { type: "json" };
import { categorize } from "./categorize.ts";

function readEndpoint(text: string): Endpoint {
  const [target = "", ...words] = text.split(" ");
  const [address = "", port] = target.split(":");
  const hints = (key: string) =>
    words
      .find((word) => word.startsWith(`${key}=`))
      ?.slice(key.length + 1)
      .split("|");
  return {
    address,
    port: Number(port),
    local: words.includes("here"),
    ready: words.includes("ready"),
    serving: words.includes("serving"),
    terminating: words.includes("terminating"),
    zoneHints: hints("zones"),
    nodeHints: hints("nodes"),
  };
}
const names = (endpoints: readonly Endpoint[]) =>
  endpoints.map(({ address, port }) => formatAddressPort(address, port)).sort();

for (const entry of data.cases)
  test(entry.name, () => {
    const external = (entry.nodePort ?? 0) > 0;
    const internalLocal = entry.itp === "Local";
    const needs = {
      cluster: !internalLocal || external,
      local: internalLocal || (entry.etp === "Local" && external),
    };
    const endpoints = entry.endpoints
      .map(readEndpoint)
      // A time before node hints knew none.
      .map((endpoint) => (entry.nodeHints ? endpoint : { ...endpoint, nodeHints: undefined }));
    const result = categorize(endpoints, needs, { nodeName: entry.node ?? "", zone: entry.zone });
    assert.deepEqual(names(result.cluster), entry.cluster.toSorted());
    assert.deepEqual(names(result.local), entry.local.toSorted());
    assert.equal(result.any, entry.any);
  });

test("the recorder hears why each endpoint was left out", () => {
  const endpoints = [
    "10.0.0.1:80 ready here zones=a",
    "10.0.0.2:80 ready zones=b",
    "10.0.0.3:80 serving terminating here",
    "10.0.0.4:80 here",
  ].map(readEndpoint);
  const heard: string[] = [];
  categorize(endpoints, { cluster: true, local: true }, { nodeName: "n", zone: "a" }, (set, { address }, reason) =>
    heard.push(`${set} ${address} ${reason}`),
  );
  assert.deepEqual(heard.sort(), [
    "cluster 10.0.0.2 hinted-to-other-zones",
    "cluster 10.0.0.3 terminating",
    "cluster 10.0.0.4 not-ready",
    "local 10.0.0.2 not-on-this-node",
    "local 10.0.0.3 terminating",
    "local 10.0.0.4 not-ready",
  ]);
});
