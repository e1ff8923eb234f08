/** The proxy of one node without an API: what its watches would bring is handed to it. */
import { setImmediate } from "node:timers/promises";
import pino from "pino";
import { parseAddress } from "../../src/ip/address.ts";
import type { EndpointSlice, Service, WatchEvent } from "../../src/kubernetes/types.ts";
import { Metrics } from "../../src/role/metrics.ts";
import { defaultConfiguration } from "../../src/serviceproxy/config/defaults.ts";
import type { ProxyMode } from "../../src/serviceproxy/config/modes.ts";
import { settingsOf } from "../../src/serviceproxy/config/settings.ts";
import { ServiceInputs } from "../../src/serviceproxy/inputs.ts";
import { createProxyMetrics } from "../../src/serviceproxy/metrics.ts";
import { localTrafficOf } from "../../src/serviceproxy/modes/local-traffic.ts";
import { type OpenModes, openModes } from "../../src/serviceproxy/modes/open.ts";
import { slimService, slimSlice } from "../../src/serviceproxy/slim.ts";
import { Syncer } from "../../src/serviceproxy/sync/syncer.ts";
import { ServiceTable } from "../../src/serviceproxy/table.ts";
import { nodeName, podCIDR, serviceCIDR } from "./objects.ts";

const nodeAddresses = [parseAddress("198.18.0.10")!];
const log = pino({ level: process.env.FAIRWAY_LOG_LEVEL ?? "error" }, pino.destination({ dest: 2, sync: true }));

/** In the network namespace of this process. */
export class Node {
  readonly #opened: OpenModes;
  readonly #inputs: ServiceInputs;
  readonly #syncer: Syncer;
  #acknowledged = 0;

  private constructor(opened: OpenModes, mode: ProxyMode) {
    this.#opened = opened;
    const families = opened.modes.map(({ family }) => family);
    this.#inputs = new ServiceInputs({ nodeName, addresses: nodeAddresses, families });
    this.#syncer = new Syncer({
      inputs: this.#inputs,
      table: new ServiceTable(),
      modes: opened.modes,
      metrics: createProxyMetrics(new Metrics(), mode),
      log,
      fullSyncPeriod: Number.POSITIVE_INFINITY,
      onProblem: (problem) => {
        throw new Error(`${problem.object}: ${problem.field}: ${problem.problem}`);
      },
      onChanged: () => {
        this.#acknowledged = performance.now();
      },
    });
  }

  static async open(mode: ProxyMode): Promise<Node> {
    const configuration = { ...defaultConfiguration(), mode, clusterCIDR: podCIDR };
    const settings = settingsOf(configuration, { master: "", hostnameOverride: nodeName });
    const localTraffic = localTrafficOf(configuration, []);
    const surroundings = () => ({ nodeAddresses, serviceCIDRs: [serviceCIDR] });
    return new Node(await openModes({ settings, localTraffic, surroundings, log }), mode);
  }

  set(service: Service, slice: EndpointSlice): void {
    this.#inputs.setService(slimService(service));
    this.#inputs.setSlice(slimSlice(slice));
  }

  /** Resolves to the milliseconds until the kernel had everything. What the syncer does after that (conntrack) is not counted. */
  async sync(): Promise<number> {
    const start = performance.now();
    await this.#syncer.sync();
    return this.#acknowledged - start;
  }

  /** The same for what the reflector does with a line of a watch, and the runner after it. */
  async receive(line: Buffer): Promise<number> {
    const start = performance.now();
    const { object } = JSON.parse(line.toString()) as WatchEvent & { object: Service & EndpointSlice };
    if (object.endpoints === undefined) this.#inputs.setService(slimService(object));
    else this.#inputs.setSlice(slimSlice(object));
    await this.#syncer.sync();
    return this.#acknowledged - start;
  }

  /** As when the process ends: rules stay, sockets do not. */
  async close(): Promise<void> {
    this.#syncer.stop();
    this.#opened.close?.();
    // Descriptors go at the end of this turn.
    await setImmediate();
  }
}
