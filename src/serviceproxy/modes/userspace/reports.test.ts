import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import pino from "pino";
import type { ServicePort } from "../../table.ts";
import { createReports } from "./open.ts";

test("a Service is told of once, clients are counted between lines", () => {
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _, done) {
      const { msg, clients = "" } = JSON.parse(String(chunk));
      lines.push(`${msg} ${clients}`.trim());
      done();
    },
  });
  let now = 0;
  const reports = createReports(pino(sink), () => now);
  const row = { key: "default/a:b/sctp/4", name: "default/a:b", protocol: "SCTP" } as ServicePort;
  reports.skipped(row);
  reports.skipped(row);
  const error = new Error("refused");
  for (const time of [0, 1, 2, 10_000, 10_001]) {
    now = time;
    reports.refused(row, error);
  }
  assert.deepEqual(lines, [
    "the userspace mode has no SCTP: the port is not served",
    "clients could not be served 1",
    "clients could not be served 3",
  ]);
});
