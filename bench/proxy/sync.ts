/** The proxy's own work, in this process: objects in the caches, bytes of a watch's events, up to the kernel's acknowledgement. */
import { holdYoungGeneration } from "../../src/role/heap.ts";
import type { ProxyMode } from "../../src/serviceproxy/config/modes.ts";
import { cpuOf, memoryOf, type Quantiles, quantilesOf } from "../figures.ts";
import { Node } from "./node.ts";
import { type Size, serviceNumber, sliceNumber } from "./objects.ts";

export interface SyncTask extends Size {
  mode: ProxyMode;
  /** The most changes of each kind that are measured, and the milliseconds after which no more are begun. */
  changes: number;
  patience: number;
}

/** With the mean processor time of one, of programs that it runs too: what a busy machine does not stretch. */
export type Change = Quantiles & { cpu: number };

/** Times in milliseconds. */
export interface SyncFigures {
  cold: number;
  /** Processor time of the cold sync, of programs that it runs too. */
  coldCpu: number;
  endpointChanged: Change;
  /** A Service and its EndpointSlice, two events. */
  serviceAdded: Change;
  /** A proxy that starts where another one has done the work. */
  restart: number;
  /** Megabytes of this process (PSS), at the end of the changes. */
  memory: number;
}

const event = (object: object) => Buffer.from(`${JSON.stringify({ type: "MODIFIED", object })}\n`);

export async function measureSync({ mode, services, endpoints, changes, patience }: SyncTask): Promise<SyncFigures> {
  // As the role does.
  holdYoungGeneration();
  const node = await Node.open(mode);
  for (let index = 0; index < services; index += 1) node.set(serviceNumber(index), sliceNumber(index, endpoints));
  const cpu = cpuOf("self");
  const cold = await node.sync();
  const coldCpu = cpuOf("self") - cpu;

  const repeat = async (lines: (index: number) => Buffer[]) => {
    const times: number[] = [];
    const cpuBefore = cpuOf("self");
    const end = performance.now() + patience;
    for (let index = 0; index < changes && (index < 3 || performance.now() < end); index += 1) {
      let time = 0;
      for (const line of lines(index)) time += await node.receive(line);
      times.push(time);
    }
    return { ...quantilesOf(times), cpu: (cpuOf("self") - cpuBefore) / times.length };
  };
  // A prime: neighbours in time are no neighbours in the table.
  const endpointChanged = await repeat((index) => [
    event(sliceNumber((index * 7919) % services, endpoints, index + 1)),
  ]);
  const serviceAdded = await repeat((index) => [
    event(serviceNumber(services + index)),
    event(sliceNumber(services + index, endpoints)),
  ]);
  const memory = memoryOf("self");

  await node.close();
  const next = await Node.open(mode);
  for (let index = 0; index < services; index += 1) next.set(serviceNumber(index), sliceNumber(index, endpoints));
  const restart = await next.sync();
  return { cold, coldCpu, endpointChanged, serviceAdded, restart, memory };
}
