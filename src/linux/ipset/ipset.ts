/** The kernel's IP sets by nfnetlink (linux/netfilter/ipset/ip_set.h), in the network namespace of this process. */
import type { Family } from "../../ip/address.ts";
import { NetlinkError } from "../netlink/error.ts";
import { familyNumbers } from "../netlink/family-numbers.ts";
import { eachAttribute, type MessageWriter, readAttributes, readText } from "../netlink/message.ts";
import { batchSendBuffer, dump, type Question, request } from "../netlink/nfnetlink.ts";
import { NetlinkSocket, netfilterProtocol } from "../netlink/socket.ts";
import { networkOrder, portBytes, readElement, type SetType, writeElement } from "./element.ts";

const subsystem = 6;
const commands = { create: 2, destroy: 3, flush: 4, list: 7, add: 9, remove: 10 } as const;
const attributes = {
  protocol: 1,
  name: 2,
  type: 3,
  revision: 4,
  family: 5,
  flags: 6,
  data: 7,
  elements: 8,
  line: 9,
} as const;
const createAttributes = { port: 4, portTo: 5, hashSize: 18, mostElements: 19, size: 24 } as const;
/** Understood by every kernel from 3.3 on; kernels that speak 7 take it too. */
const protocolVersion = 6;
/** The first that knows SCTP, where a type has ports. */
const revision = 1;
/** IPSET_FLAG_LIST_HEADER: without the elements. */
const headersOnly = 4;
/** Beyond what a node of any size serves; the kernel's own default is 65,536. */
const mostElements = 1 << 20;
/** Elements of one message: it must stay below 64 KiB, and the kernel holds the set's lock meanwhile. */
const perMessage = 400;
/** What the kernel says in place of an errno (enum ipset_errno). */
const reasons: Readonly<Record<number, string>> = {
  4098: "this kernel lacks the type of set; load the module ip_set_hash_ipport or its like",
  4099: "no more sets fit",
  4100: "a rule or another set still refers to it",
  4097: "the kernel cannot read the message: an element of another type?",
  4352: "the set is full",
};

export interface SetSchema {
  name: string;
  type: SetType;
  family: Family;
}

export class Ipset {
  readonly #socket = new NetlinkSocket({ protocol: netfilterProtocol, sendBuffer: batchSendBuffer });

  close(): void {
    this.#socket.close();
  }

  /** Makes an empty set; one that is there already with the same properties is no error. */
  create({ name, type, family }: SetSchema): void {
    this.#request(commands.create, `create IP set ${name}`, (writer) => {
      writer.text(attributes.name, name);
      writer.text(attributes.type, type);
      writer.attribute(attributes.revision, Buffer.of(type.includes("port") ? revision : 0));
      // A bitmap has no family.
      writer.attribute(attributes.family, Buffer.of(type === "bitmap:port" ? 0 : familyNumbers[family]));
      const data = writer.beginNested(attributes.data);
      if (type === "bitmap:port") {
        writer.attribute(createAttributes.port | networkOrder, portBytes(0));
        writer.attribute(createAttributes.portTo | networkOrder, portBytes(65_535));
      } else {
        writer.uint32(createAttributes.hashSize | networkOrder, 1024);
        writer.uint32(createAttributes.mostElements | networkOrder, mostElements);
      }
      writer.endAttribute(data);
    });
  }

  /** Removes a set; one that is not there is no error. Throws NetlinkError while a rule refers to it. */
  destroy(name: string): void {
    try {
      this.#request(commands.destroy, `destroy IP set ${name}`, (writer) => writer.text(attributes.name, name));
    } catch (error) {
      if (!(error instanceof NetlinkError) || error.code !== "ENOENT") throw error;
    }
  }

  /** Empties a set. Throws NetlinkError, ENOENT. */
  flush(name: string): void {
    this.#request(commands.flush, `flush IP set ${name}`, (writer) => writer.text(attributes.name, name));
  }

  /** Adds elements; those that are there are no error. */
  add(set: SetSchema, elements: readonly string[]): void {
    this.#change(commands.add, set, elements);
  }
  /** Removes elements; those that are not there are no error. */
  remove(set: SetSchema, elements: readonly string[]): void {
    this.#change(commands.remove, set, elements);
  }

  /** How many elements each set of this network namespace has, by name; Infinity where the kernel does not say it (before 4.9). */
  async listSizes(): Promise<Map<string, number>> {
    const sizes = new Map<string, number>();
    await this.#dump(
      "list of IP sets",
      (writer) => writer.uint32(attributes.flags | networkOrder, headersOnly),
      (found) => {
        const name = readText(found.get(attributes.name));
        const header = readAttributes(found.get(attributes.data) ?? Buffer.alloc(0));
        const size = header.get(createAttributes.size);
        if (name !== undefined) sizes.set(name, size?.length === 4 ? size.readUInt32BE() : Number.POSITIVE_INFINITY);
      },
    );
    return sizes;
  }

  /** Calls back with each element of a set. Rejects with NetlinkError, ENOENT when there is none of this name. */
  async list({ name, type }: Pick<SetSchema, "name" | "type">, found: (element: string) => void): Promise<void> {
    const write = (writer: MessageWriter) => writer.text(attributes.name, name);
    await this.#dump(`list of IP set ${name}`, write, (answer) => {
      const elements = answer.get(attributes.elements);
      if (elements === undefined) return;
      eachAttribute(elements, 0, elements.length, (_, from, to) =>
        found(readElement(type, elements.subarray(from, to))),
      );
    });
  }

  async #dump(
    about: string,
    write: (writer: MessageWriter) => void,
    found: (answer: Map<number, Buffer>) => void,
  ): Promise<void> {
    await dump(this.#socket, questionOf(commands.list, about, write), (data, start, end) =>
      found(readAttributes(data, start, end)),
    );
  }

  #change(command: number, { name, type }: SetSchema, elements: readonly string[]): void {
    const verb = command === commands.add ? "add to" : "remove from";
    for (let from = 0; from < elements.length; from += perMessage) {
      const some = elements.slice(from, from + perMessage);
      const about = `${verb} IP set ${name} ${some.length === 1 ? some[0] : `${some.length} elements`}`;
      this.#request(command, about, (writer) => {
        writer.text(attributes.name, name);
        const list = writer.beginNested(attributes.elements);
        for (const [index, element] of some.entries()) {
          const start = writer.beginNested(attributes.data);
          writeElement(writer, type, element, index);
          writer.endAttribute(start);
        }
        writer.endAttribute(list);
        // The kernel insists on a line number for a list, and puts the element's own into it.
        writer.uint32(attributes.line, 0);
      });
    }
  }

  #request(command: number, about: string, write: (writer: MessageWriter) => void): void {
    try {
      request(this.#socket, questionOf(command, about, write));
    } catch (error) {
      const reason = error instanceof NetlinkError ? reasons[error.errno] : undefined;
      throw reason === undefined ? error : new Error(`${about}: ${reason}`, { cause: error });
    }
  }
}

function questionOf(type: number, about: string, write: (writer: MessageWriter) => void): Question {
  return {
    subsystem,
    type,
    family: familyNumbers[4],
    about,
    attributes(writer) {
      writer.attribute(attributes.protocol, Buffer.of(protocolVersion));
      write(writer);
    },
  };
}
