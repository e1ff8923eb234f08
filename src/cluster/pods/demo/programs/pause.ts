import type { Program } from "../program.ts";

/** registry.k8s.io/pause: runs, and does nothing. */
export const pause: Program = {
  server: "",
  greeting: "Fairway's stand-in for pause",
  listeners: () => [],
};
