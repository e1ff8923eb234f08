/** Counters that rules feed by the match "nfacct" and that anybody may read by name (linux/netfilter/nfnetlink_acct.h). One network namespace's. */
import { NetlinkError } from "./netlink/error.ts";
import type { MessageWriter } from "./netlink/message.ts";
import { readAttributes } from "./netlink/message.ts";
import { get } from "./netlink/nfnetlink.ts";
import { NetlinkSocket, netfilterProtocol } from "./netlink/socket.ts";

const accountingSubsystem = 7;
const MSG_NEW = 0;
const MSG_GET = 1;
const ACCOUNT_NAME = 1;
const ACCOUNT_PACKETS = 2;

function question(type: number, name: string) {
  return {
    subsystem: accountingSubsystem,
    type,
    family: 0,
    about: `packet counter ${name}`,
    attributes: (writer: MessageWriter) => writer.text(ACCOUNT_NAME, name),
  };
}

/** Packet counters of this network namespace. They stay when the process ends. */
export class PacketCounters {
  readonly #socket = new NetlinkSocket({ protocol: netfilterProtocol });

  /** Makes a counter; one that is there already goes on counting. Throws NetlinkError where the kernel has none. */
  ensure(name: string): void {
    try {
      get(this.#socket, question(MSG_NEW, name), () => {});
    } catch (error) {
      // Said of one that exists, unless it was asked to be new or to begin again.
      if (!(error instanceof NetlinkError) || error.code !== "EBUSY") throw error;
    }
  }

  /** Packets counted so far; undefined when there is no such counter. */
  packets(name: string): number | undefined {
    let packets: number | undefined;
    try {
      get(this.#socket, question(MSG_GET, name), (buffer, start, end) => {
        packets = Number(readAttributes(buffer, start, end).get(ACCOUNT_PACKETS)?.readBigUInt64BE());
      });
    } catch (error) {
      if (!(error instanceof NetlinkError) || error.code !== "ENOENT") throw error;
    }
    return packets;
  }

  close(): void {
    this.#socket.close();
  }
}
