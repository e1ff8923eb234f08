/** Generic netlink (linux/genetlink.h): families of messages that the kernel numbers when their module is loaded. */
import { NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, readDoneAnswers, readDump, type Sent } from "./exchange.ts";
import { MessageWriter, NetlinkFormatError, readAttributes } from "./message.ts";
import type { NetlinkSocket } from "./socket.ts";

/** NETLINK_GENERIC of linux/netlink.h. */
export const genericProtocol = 16;

/** The family that knows the others: its number is fixed. */
const controller = 16;
const CTRL_CMD_GETFAMILY = 3;
const CTRL_ATTR_FAMILY_ID = 1;
const CTRL_ATTR_FAMILY_NAME = 2;

/** struct genlmsghdr: command, version, reserved. */
const genlmsghdrLength = 4;
const version = 1;

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
    readDoneAnswers(this.#socket, this.#send(request, NLM_F_ACK), (data, { start, end }) =>
      found(readAttributes(data, start + genlmsghdrLength, end)),
    );
  }

  /** Reads a whole list; the socket must not be used for anything else meanwhile. False: it changed while it was read. */
  dump(request: GenericRequest, found: Found): Promise<boolean> {
    return readDump(this.#socket, this.#send(request, NLM_F_DUMP), (data, { start, end }) =>
      found(readAttributes(data, start + genlmsghdrLength, end)),
    );
  }

  #send({ command, about, attributes }: GenericRequest, flags: number): Sent {
    const sequence = this.#socket.nextSequence();
    this.#writer.clear();
    const start = this.#writer.beginMessage(this.#type, NLM_F_REQUEST | flags, sequence);
    const header = this.#writer.reserve(genlmsghdrLength);
    this.#writer.target.writeUInt8(command, header);
    this.#writer.target.writeUInt8(version, header + 1);
    attributes?.(this.#writer);
    this.#writer.endMessage(start);
    this.#socket.send(this.#writer.bytes);
    return { sequence, about };
  }
}
