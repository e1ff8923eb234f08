import assert from "node:assert/strict";
import { test } from "node:test";
import { exponentialBounds, Metrics } from "./metrics.ts";

test("the text that Prometheus reads", async () => {
  const metrics = new Metrics();
  const requests = metrics.counter("requests_total", "Requests.");
  requests.add();
  requests.add(2, { code: "200", path: 'a"b\\c\n' });
  requests.add(1, { code: "200", path: 'a"b\\c\n' });
  metrics.gauge("temperature", "Now.").set(-1.5);
  const seconds = metrics.histogram("seconds", "Time taken.", [0.5, 1]);
  seconds.observe(0.5, { family: "IPv4" });
  seconds.observe(0.75, { family: "IPv4" });
  seconds.observe(7, { family: "IPv4" });
  const { type, body } = await metrics.render();
  assert.match(type, /^text\/plain; version=0\.0\.4/);
  assert.equal(
    body,
    `# HELP requests_total Requests.
# TYPE requests_total counter
requests_total 1
requests_total{code="200",path="a\\"b\\\\c\\n"} 3

# HELP temperature Now.
# TYPE temperature gauge
temperature -1.5

# HELP seconds Time taken.
# TYPE seconds histogram
seconds_bucket{family="IPv4",le="0.5"} 1
seconds_bucket{family="IPv4",le="1"} 2
seconds_bucket{family="IPv4",le="+Inf"} 3
seconds_sum{family="IPv4"} 8.25
seconds_count{family="IPv4"} 3
`,
  );
});

test("exponential bounds", () => {
  assert.deepEqual(exponentialBounds(0.001, 2, 4), [0.001, 0.002, 0.004, 0.008]);
});
