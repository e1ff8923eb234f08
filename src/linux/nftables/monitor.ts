import { readAttributes, readMessages, readText } from "../netlink/message.ts";
import { nfgenmsgLength } from "../netlink/nfnetlink.ts";
import { NetlinkSocket, netfilterProtocol } from "../netlink/socket.ts";
import { SystemCallError } from "../setns.ts";
import { type KernelTableOptions, netfilterFamilies, nftablesSubsystem } from "./kernel-table.ts";
import type { TableSchema } from "./schema.ts";

/** NFNLGRP_NFTABLES: the kernel tells of every commit here, object by object. */
const NFNLGRP_NFTABLES = 7;
const MSG_NEWGEN = 15;
/** Of every kind of message about a part of a table. */
const TABLE_NAME = 1;
const receiveBuffer = 1 << 20;

/**
 * Classic BPF (linux/filter.h): drops datagrams that tell of a port's own changes. A commit's messages come together in few datagrams, each
 * of one port; a load of thousands of elements would overflow the socket otherwise.
 */
function withoutPort(port: number): Buffer {
  const program: [code: number, ifTrue: number, ifFalse: number, value: number][] = [
    // BPF_LD|BPF_W|BPF_ABS loads in network order; nlmsghdr's port stands at 12 in host order.
    [0x20, 0, 0, 12],
    [0x15, 1, 0, Buffer.from(new Uint32Array([port]).buffer).readUInt32BE()],
    [0x06, 0, 0, 0xffff_ffff],
    [0x06, 0, 0, 0],
  ];
  const bytes = Buffer.alloc(program.length * 8);
  for (const [index, [code, ifTrue, ifFalse, value]] of program.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(value, index * 8 + 4);
  }
  return bytes;
}

/** Notices changes to a table that another program made, down to a single element. */
export class TableMonitor {
  readonly #socket: NetlinkSocket;
  readonly #schema: TableSchema;
  #damaged = false;
  #damages = 0;

  /** `ownPort`: changes by that netlink port are not told. */
  constructor(schema: TableSchema, ownPort: number, options: KernelTableOptions = {}) {
    this.#schema = schema;
    this.#socket = new NetlinkSocket({ protocol: netfilterProtocol, ...options, receiveBuffer });
    this.#socket.attachFilter(withoutPort(ownPort));
    this.#socket.join(NFNLGRP_NFTABLES);
  }

  close(): void {
    this.#socket.close();
  }

  /** Whether somebody changed the table since the last `forget`, or so much happened that nobody knows. Never waits: a few microseconds. */
  isDamaged(): boolean {
    const before = this.#damaged;
    const now = this.#read();
    if (now && !before) this.#damages += 1;
    return now;
  }

  /** How often `isDamaged` became true. */
  get damages(): number {
    return this.#damages;
  }

  /** What happened so far is known, or was our own doing through another port (`nft`). */
  forget(): void {
    this.#read();
    this.#damaged = false;
  }

  #read(): boolean {
    try {
      for (let data = this.#socket.receive(); data !== undefined; data = this.#socket.receive())
        for (const { type, start, end } of readMessages(data)) {
          if (type >> 8 !== nftablesSubsystem || (type & 0xff) === MSG_NEWGEN) continue;
          if (data[start] !== netfilterFamilies[this.#schema.family]) continue;
          const table = readAttributes(data, start + nfgenmsgLength, end).get(TABLE_NAME);
          if (readText(table) === this.#schema.name) this.#damaged = true;
        }
    } catch (error) {
      if (!(error instanceof SystemCallError) || error.code !== "ENOBUFS") throw error;
      this.#damaged = true;
      return this.#read();
    }
    return this.#damaged;
  }
}
