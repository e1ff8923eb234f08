/** Flags that command lines of kube-proxy have and that do nothing here, or that others have replaced; none is in the help. */
import { type Flag, FlagError, field, flag, noEffect } from "./flag.ts";
import { boolean, duration, integer, number, port, string } from "./readers.ts";

/** klog's own flags, which Kubernetes dropped with 1.26: logs go to stderr only. */
const formerLogFlags =
  "add-dir-header alsologtostderr log-backtrace-at log-dir log-file log-file-max-size logtostderr one-output skip-headers skip-log-headers stderrthreshold".split(
    " ",
  );
const logSwitches = new Set([
  "add-dir-header",
  "alsologtostderr",
  "logtostderr",
  "one-output",
  "skip-headers",
  "skip-log-headers",
]);
/** Of zap's and klog's buffers; pino's are not theirs. */
const logBufferFlags = "log-json-info-buffer-size log-text-info-buffer-size".split(" ");
const logSplitFlags = "log-json-split-stream log-text-split-stream".split(" ");
const ignore = () => {};

export const formerFlags: Readonly<Record<string, Flag>> = {
  "kube-api-content-type": field(
    "TYPE",
    "taken for compatibility",
    string,
    (into, value) => {
      into.clientConnection.contentType = value;
    },
    { hidden: true, ...noEffect("the proxy speaks JSON with the API") },
  ),
  "kube-api-qps": field(
    "NUMBER",
    "taken for compatibility",
    number,
    (into, value) => {
      into.clientConnection.qps = value;
    },
    { hidden: true, ...noEffect("the proxy only watches, and limits its events by itself") },
  ),
  "kube-api-burst": field(
    "NUMBER",
    "taken for compatibility",
    integer,
    (into, value) => {
      into.clientConnection.burst = value;
    },
    { hidden: true, ...noEffect("the proxy only watches, and limits its events by itself") },
  ),
  "config-sync-period": field(
    "DURATION",
    "taken for compatibility",
    duration,
    (into, value) => {
      into.configSyncPeriod = value;
    },
    { hidden: true, ...noEffect("watches tell of every change, and a lost one is noticed") },
  ),
  profiling: field(
    undefined,
    "taken for compatibility",
    boolean,
    (into, value) => {
      into.enableProfiling = value;
    },
    { hidden: true, ...noEffect("use node's --inspect or --cpu-prof") },
  ),
  "show-hidden-metrics-for-version": field(
    "VERSION",
    "taken for compatibility",
    string,
    (into, value) => {
      into.showHiddenMetricsForVersion = value;
    },
    { hidden: true, ...noEffect("no metric is hidden") },
  ),
  "healthz-port": field(
    "PORT",
    "deprecated",
    port,
    (into, value) => {
      into.healthzBindAddress = value === 0 ? "" : `0.0.0.0:${value}`;
    },
    { hidden: true, note: "is deprecated: use --healthz-bind-address" },
  ),
  "metrics-port": field(
    "PORT",
    "deprecated",
    port,
    (into, value) => {
      into.metricsBindAddress = value === 0 ? "" : `127.0.0.1:${value}`;
    },
    { hidden: true, note: "is deprecated: use --metrics-bind-address" },
  ),
  "windows-service": flag(
    undefined,
    "Windows only",
    boolean,
    (_, value) => {
      if (value) throw new FlagError("--windows-service: this proxy runs on Linux");
    },
    { hidden: true },
  ),
  ...Object.fromEntries(
    [...formerLogFlags, ...logBufferFlags, ...logSplitFlags].map((name): [string, Flag] => [
      name,
      {
        value: logSwitches.has(name) || logSplitFlags.includes(name) ? undefined : "VALUE",
        help: "taken for compatibility",
        hidden: true,
        besideFile: true,
        note: "has no effect: logs are JSON lines on stderr",
        read: ignore,
      },
    ]),
  ),
};
