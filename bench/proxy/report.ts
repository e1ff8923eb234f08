import type { ProxyMode } from "../../src/serviceproxy/config/modes.ts";
import type { Size } from "./objects.ts";
import type { ProcessFigures } from "./processes.ts";
import type { SyncFigures } from "./sync.ts";
import type { TrafficFigures } from "./traffic.ts";

/** What could not be measured has the reason instead. */
export type Measured<T> = T | { failed: string };

export interface Report {
  machine: { kernel: string; processors: number; node: string };
  sync?: { mode: ProxyMode; size: Size; figures: Measured<SyncFigures> }[];
  traffic?: { mode: ProxyMode; services: number; figures: Measured<TrafficFigures> }[] | { failed: string };
  processes?: { size: Size; figures: Measured<ProcessFigures[]> }[];
}
