/** Where the process tells of itself. */
import { withPort } from "../defaults.ts";
import { type Flag, field } from "./flag.ts";
import { boolean, string } from "./readers.ts";

export const serverFlags: Readonly<Record<string, Flag>> = {
  "healthz-bind-address": field(
    "ADDRESS",
    "for /healthz and /livez (0.0.0.0:10256), empty: none",
    string,
    (into, value) => {
      into.healthzBindAddress = value === "" ? "" : withPort(value, 10_256);
    },
  ),
  "metrics-bind-address": field(
    "ADDRESS",
    "for /metrics, /proxyMode and /configz (127.0.0.1:10249), empty: none",
    string,
    (into, value) => {
      into.metricsBindAddress = value === "" ? "" : withPort(value, 10_249);
    },
  ),
  "bind-address-hard-fail": field(
    undefined,
    "end when an address of these cannot be listened on, instead of trying again",
    boolean,
    (into, value) => {
      into.bindAddressHardFail = value;
    },
  ),
};
