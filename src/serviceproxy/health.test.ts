import assert from "node:assert/strict";
import { test } from "node:test";
import { ProxyHealth } from "./health.ts";
import data from "./testing/health.json" with { type: "json" };

interface Body {
  lastUpdated: string;
  healthy: boolean;
  nodeEligible?: boolean;
  status: Record<string, { lastUpdated: string | null; healthy: boolean }>;
}

for (const { name, steps } of data.cases)
  test(name, () => {
    let now = 0;
    const health = new ProxyHealth([4, 6], 10_000, () => now);
    const seconds = (text: string) => Date.parse(text) / 1000;
    for (const step of steps) {
      const [word, ...rest] = step.split(" ");
      const family = Number(rest[0]) as 4 | 6;
      if (word === "queued") health.queued(family);
      else if (word === "updated") health.updated(family);
      else if (word === "advance") now += Number(rest[0]) * 1000;
      else if (word === "node")
        health.setNode({
          metadata: rest.includes("deleting") ? { deletionTimestamp: "1970-01-01T00:00:00Z" } : {},
          spec: { taints: rest.map((key) => ({ key, effect: "NoSchedule" })) },
        });
      else {
        const { status, body } = rest[0] === "/livez" ? health.live() : health.ready();
        const answer = body as Body;
        const families = Object.entries(answer.status).map(
          ([key, value]) =>
            `${key}:${value.lastUpdated === null ? "never" : seconds(value.lastUpdated)}${value.healthy ? "+" : "-"}`,
        );
        const eligible = answer.nodeEligible === undefined ? [] : [answer.nodeEligible ? "eligible" : "ineligible"];
        const said = [`get ${rest[0]} = ${status} ${seconds(answer.lastUpdated)}`, ...families, ...eligible];
        assert.equal(said.join(" "), step);
      }
    }
  });

test("a node that is gone is not eligible", () => {
  const health = new ProxyHealth([4], 10_000);
  health.setNode(undefined);
  assert.equal(health.ready().status, 503);
  assert.equal(health.live().status, 200);
});
