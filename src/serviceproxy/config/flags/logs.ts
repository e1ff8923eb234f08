/** What is logged. */
import { type Flag, field, noEffect } from "./flag.ts";
import { duration, integer, string } from "./readers.ts";

export const logFlags: Readonly<Record<string, Flag>> = {
  v: field(
    "LEVEL",
    "4: log details, 6: log everything",
    integer,
    (into, value) => {
      into.logging.verbosity = value;
    },
    { besideFile: true },
  ),
  "logging-format": field(
    "FORMAT",
    "taken for compatibility: logs are JSON lines on stderr",
    string,
    (into, value) => {
      into.logging.format = value;
    },
    { besideFile: true },
  ),
  "log-flush-frequency": field(
    "DURATION",
    "taken for compatibility",
    duration,
    (into, value) => {
      into.logging.flushFrequency = value;
    },
    { besideFile: true, hidden: true },
  ),
  vmodule: field(
    "PATTERNS",
    "taken for compatibility",
    string,
    (into, value) => {
      into.logging.vmodule = value;
    },
    { besideFile: true, hidden: true, ...noEffect("levels are not set file by file") },
  ),
};
