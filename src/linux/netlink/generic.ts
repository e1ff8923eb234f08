/** Generic netlink (linux/genetlink.h): families of messages that the kernel numbers when their module is loaded. */
import { setImmediate } from "node:timers/promises";
import { NetlinkError, readAnswer, readDone } from "./error.ts";
import { type Message, MessageWriter, NetlinkFormatError, readAttributes, readMessages } from "./message.ts";
import type { NetlinkSocket } from "./socket.ts";

/** NETLINK_GENERIC of linux/netlink.h. */
export const genericProtocol = 16;

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLM_F_REQUEST = 1;
const NLM_F_ACK = 4;
const NLM_F_DUMP_INTR = 0x10;
const NLM_F_DUMP = 0x300;

/** The family that knows the others: its number is fixed. */
const controller = 16;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;

/** struct genlmsghdr: command, version, reserved. */
const genlmsghdrLength = 4;
const version = 1;
/** How many pieces of a dump are read before other work gets its turn. */
const piecesPerTurn = 16;

export interface GenericRequest {
  command: number;
  /** Names it in an error. */
  about: string;
  attributes?: (writer: MessageWriter) => void;
}

export type Found = (attributes: Map<number, Buffer>) => void;

/** A family by its number in this kernel. */
export class GenericFamily {
  readonly #socket: NetlinkSocket;
  readonly #type: number;
  readonly #writer = new MessageWriter(512);

  private constructor(socket: NetlinkSocket, type: number) {
    this.#socket = socket;
    this.#type = type;
  }

  /** Asks the kernel for a family, which loads its module where the kernel can. Throws NetlinkError, ENOENT when there is none. */
  static resolve(socket: NetlinkSocket, name: string): GenericFamily {
    let id: number | undefined;
    new GenericFamily(socket, controller).get(
      {
        command: CTRL_CMD_GETFAMILY,
        about: `netlink family ${name}`,
        attributes: (writer) => writer.text(CTRL_ATTR_FAMILY_NAME, name),
      },
      (attributes) => {
        id = attributes.get(CTRL_ATTR_FAMILY_ID)?.readUInt16LE();
      },
    );
    if (id === undefined) throw new NetlinkFormatError(`netlink family ${name}: the kernel gave no number`);
    return new GenericFamily(socket, id);
  }

  /** Does one thing; when this returns the kernel has done it. Throws NetlinkError. */
  request(request: GenericRequest): void {
    this.get(request, () => {});
  }

  /** Asks for one thing. Throws NetlinkError. */
  get(request: GenericRequest, found: Found): void {
    const sequence = this.#send(request, NLM_F_ACK);
    let answered = false;
    for (let data = this.#socket.receive(); data !== undefined; data = this.#socket.receive()) {
      for (const message of readMessages(data)) {
        if (message.sequence !== sequence) continue;
        if (message.type === NLMSG_ERROR) {
          refuse(data, message, request);
          answered = true;
        } else found(readAttributes(data, message.start + genlmsghdrLength, message.end));
      }
    }
    if (!answered) throw new NetlinkFormatError(`${request.about}: the kernel did not answer`);
  }

  /** Reads a whole list; the socket must not be used for anything else meanwhile. False: it changed while it was read. */
  async dump(request: GenericRequest, found: Found): Promise<boolean> {
    const sequence = this.#send(request, NLM_F_DUMP);
    let consistent = true;
    for (let pieces = 1; ; pieces += 1) {
      const data = this.#socket.receive();
      if (data === undefined) throw new NetlinkFormatError(`${request.about}: the dump broke off`);
      for (const message of readMessages(data)) {
        if (message.sequence !== sequence) continue;
        if (message.flags & NLM_F_DUMP_INTR) consistent = false;
        if (message.type === NLMSG_DONE) {
          const errno = readDone(data, message.start, message.end);
          if (errno > 0) throw new NetlinkError(errno, sequence, request.about);
          return consistent;
        }
        if (message.type === NLMSG_ERROR) refuse(data, message, request);
        else found(readAttributes(data, message.start + genlmsghdrLength, message.end));
      }
      if (pieces % piecesPerTurn === 0) await setImmediate();
    }
  }

  #send({ command, attributes }: GenericRequest, flags: number): number {
    const sequence = this.#socket.nextSequence();
    this.#writer.clear();
    const start = this.#writer.beginMessage(this.#type, NLM_F_REQUEST | flags, sequence);
    const header = this.#writer.reserve(genlmsghdrLength);
    this.#writer.target.writeUInt8(command, header);
    this.#writer.target.writeUInt8(version, header + 1);
    attributes?.(this.#writer);
    this.#writer.endMessage(start);
    this.#socket.send(this.#writer.bytes);
    return sequence;
  }
}

function refuse(data: Buffer, { start, end, flags, sequence }: Message, { about }: GenericRequest): void {
  const { errno, explanation, offset } = readAnswer(data, start, end, flags);
  if (errno !== 0) throw new NetlinkError(errno, sequence, about, explanation, offset);
}
