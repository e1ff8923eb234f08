/** The kernel's IP Virtual Server by its generic netlink family (linux/ip_vs.h), in the network namespace of this process. */
import { familyOf } from "../../ip/address.ts";
import { NetlinkError } from "../netlink/error.ts";
import { GenericFamily, genericProtocol } from "../netlink/generic.ts";
import type { MessageWriter } from "../netlink/message.ts";
import { NetlinkSocket } from "../netlink/socket.ts";
import {
  type RealServer,
  type RealServerState,
  readRealServer,
  readVirtualServer,
  type VirtualAddress,
  type VirtualServer,
  virtualKey,
  writeRealServer,
  writeVirtualAddress,
  writeVirtualServer,
} from "./server.ts";

const commands = {
  newService: 1,
  setService: 2,
  deleteService: 3,
  getService: 4,
  newDestination: 5,
  setDestination: 6,
  deleteDestination: 7,
  getDestination: 8,
  setConfig: 12,
} as const;
const attributes = { service: 1, destination: 2, timeoutTcp: 4, timeoutTcpFin: 5, timeoutUdp: 6 } as const;

/** TEST-NET-2 (RFC 5737): no Service has it. */
const probe: VirtualAddress = { protocol: "TCP", address: "198.51.100.0", port: 20_000 };

/** The kernel has no IPVS, or not the scheduler that is asked for. The message names the modules. */
export class IpvsMissingError extends Error {
  constructor(what: string, modules: readonly string[], cause?: unknown) {
    const list = modules.join(", ");
    super(`${what}; load the kernel module${modules.length > 1 ? "s" : ""} ${list} (modprobe ${modules.at(-1)})`, {
      cause,
    });
    this.name = "IpvsMissingError";
  }
}

export class Ipvs {
  readonly #socket: NetlinkSocket;
  readonly #family: GenericFamily;

  /** Throws IpvsMissingError when this kernel has no IPVS. */
  constructor() {
    this.#socket = new NetlinkSocket({ protocol: genericProtocol });
    try {
      this.#family = GenericFamily.resolve(this.#socket, "IPVS");
    } catch (error) {
      this.#socket.close();
      if (!(error instanceof NetlinkError) || error.code !== "ENOENT") throw error;
      throw new IpvsMissingError("this kernel has no IPVS", ["ip_vs", "ip_vs_rr"], error);
    }
  }

  close(): void {
    this.#socket.close();
  }

  /** Makes and removes a virtual server with a scheduler. Throws IpvsMissingError when the kernel does not have it. */
  probeScheduler(scheduler: string): void {
    try {
      this.#service(commands.newService, { ...probe, scheduler, hashPort: false, hashFallback: false, persistence: 0 });
    } catch (error) {
      if (!(error instanceof NetlinkError) || error.code === "EEXIST") throw error;
      if (error.code !== "ENOENT") throw error;
      throw new IpvsMissingError(`IPVS has no scheduler "${scheduler}" here`, [`ip_vs_${scheduler}`], error);
    }
    this.deleteServer(probe);
  }

  /** Those that Services can have; of both families. */
  async listServers(): Promise<VirtualServer[]> {
    const servers: VirtualServer[] = [];
    const about = "list of IPVS virtual servers";
    await this.#family.dump({ command: commands.getService, about }, (found) => {
      const nested = found.get(attributes.service);
      const server = nested && readVirtualServer(nested);
      if (server !== undefined) servers.push(server);
    });
    return servers;
  }

  /** Empty, too, when there is no such virtual server. */
  async listRealServers(server: VirtualAddress): Promise<RealServerState[]> {
    const servers: RealServerState[] = [];
    await this.#family.dump(
      {
        command: commands.getDestination,
        about: `list of the real servers of ${virtualKey(server)}`,
        attributes: (writer) => writeNested(writer, attributes.service, () => writeVirtualAddress(writer, server)),
      },
      (found) => {
        const nested = found.get(attributes.destination);
        if (nested !== undefined) servers.push(readRealServer(nested, familyOf(server.address)));
      },
    );
    return servers;
  }

  /** Throws NetlinkError: EEXIST when it is there, ENOENT when the kernel lacks the scheduler. */
  addServer(server: VirtualServer): void {
    this.#service(commands.newService, server);
  }
  /** Scheduler and persistence of one that is there; its connections go on. */
  changeServer(server: VirtualServer): void {
    this.#service(commands.setService, server);
  }
  /** With its real servers; established connections end. Throws NetlinkError, ESRCH when there is none. */
  deleteServer(server: VirtualAddress): void {
    this.#family.request({
      command: commands.deleteService,
      about: `delete IPVS virtual server ${virtualKey(server)}`,
      attributes: (writer) => writeNested(writer, attributes.service, () => writeVirtualAddress(writer, server)),
    });
  }

  /** Throws NetlinkError, EEXIST when it is there. */
  addRealServer(server: VirtualAddress, real: RealServer): void {
    this.#destination(commands.newDestination, server, real);
  }
  changeRealServer(server: VirtualAddress, real: RealServer): void {
    this.#destination(commands.setDestination, server, real);
  }
  /** Its connections end with the next packet where net/ipv4/vs/expire_nodest_conn is set. Throws NetlinkError, ENOENT. */
  deleteRealServer(server: VirtualAddress, real: RealServer): void {
    this.#destination(commands.deleteDestination, server, real);
  }

  /** Seconds until IPVS forgets idle flows; 0 leaves a time as it is. */
  setTimeouts({ tcp, tcpFin, udp }: { tcp: number; tcpFin: number; udp: number }): void {
    this.#family.request({
      command: commands.setConfig,
      about: "IPVS timeouts",
      attributes: (writer) => {
        const put = (type: number, seconds: number) => {
          const value = Buffer.alloc(4);
          value.writeUInt32LE(seconds);
          writer.attribute(type, value);
        };
        put(attributes.timeoutTcp, tcp);
        put(attributes.timeoutTcpFin, tcpFin);
        put(attributes.timeoutUdp, udp);
      },
    });
  }

  #service(command: number, server: VirtualServer): void {
    this.#family.request({
      command,
      about: `IPVS virtual server ${virtualKey(server)} (${server.scheduler})`,
      attributes: (writer) => writeNested(writer, attributes.service, () => writeVirtualServer(writer, server)),
    });
  }

  #destination(command: number, server: VirtualAddress, real: RealServer): void {
    this.#family.request({
      command,
      about: `IPVS real server ${real.address} port ${real.port} of ${virtualKey(server)}`,
      attributes: (writer) => {
        writeNested(writer, attributes.service, () => writeVirtualAddress(writer, server));
        writeNested(writer, attributes.destination, () => writeRealServer(writer, real));
      },
    });
  }
}

function writeNested(writer: MessageWriter, type: number, write: () => void): void {
  const start = writer.beginNested(type);
  write();
  writer.endAttribute(start);
}
