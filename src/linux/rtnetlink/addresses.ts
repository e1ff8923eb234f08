/** Devices and their addresses by rtnetlink (RFC 3549, linux/rtnetlink.h), in the network namespace of this process. */
import { bitsOf, type Family, familyOf, formatAddress, parseAddress } from "../../ip/address.ts";
import { NetlinkError } from "../netlink/error.ts";
import {
  NLM_F_ACK,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  readAnswers,
  readDoneAnswers,
  readDump,
  type Sent,
} from "../netlink/exchange.ts";
import { familyNumbers } from "../netlink/family-numbers.ts";
import { MessageWriter, readAttributes } from "../netlink/message.ts";
import { createFlag, exclusiveFlag } from "../netlink/nfnetlink.ts";
import { NetlinkSocket } from "../netlink/socket.ts";

/** NETLINK_ROUTE of linux/netlink.h. */
const routeProtocol = 0;
const messages = {
  newLink: 16,
  removeLink: 17,
  getLink: 18,
  newAddress: 20,
  removeAddress: 21,
  getAddress: 22,
} as const;
/** struct ifinfomsg: family, type, index, flags, change. */
const linkLength = 16;
/** struct ifaddrmsg: family, prefix length, flags, scope, index. */
const addressLength = 8;
const linkAttributes = { name: 3, info: 18, kind: 1 } as const;
const addressAttributes = { address: 1, local: 2, flags: 8 } as const;
/** IFA_F_NODAD: the address is this node's at once; no neighbour is asked whether it has it too. */
const withoutDetection = 2;

/** An address and the index of the device that has it. */
export interface DeviceAddress {
  device: number;
  /** Canonical text. */
  address: string;
}

export class DeviceAddresses {
  readonly #socket = new NetlinkSocket({ protocol: routeProtocol });
  readonly #writer = new MessageWriter(256);

  close(): void {
    this.#socket.close();
  }

  /** The index of a device; undefined when there is none of this name. */
  indexOf(name: string): number | undefined {
    let index: number | undefined;
    try {
      const sent = this.#send(messages.getLink, 0, `device ${name}`, () => this.#writeLink(name));
      readAnswers(this.#socket, sent, (data, { start }) => {
        index = data.readInt32LE(start + 4);
      });
    } catch (error) {
      if (error instanceof NetlinkError && error.code === "ENODEV") return undefined;
      throw error;
    }
    return index;
  }

  /** Makes a device that holds addresses and sends nothing, unless it is there; returns its index. Throws NetlinkError. */
  createDummy(name: string): number {
    const present = this.indexOf(name);
    if (present !== undefined) return present;
    const sent = this.#send(
      messages.newLink,
      NLM_F_ACK | createFlag | exclusiveFlag,
      `make the dummy device ${name} (module dummy)`,
      () => {
        this.#writeLink(name);
        const info = this.#writer.beginNested(linkAttributes.info);
        this.#writer.text(linkAttributes.kind, "dummy");
        this.#writer.endAttribute(info);
      },
    );
    readDoneAnswers(this.#socket, sent);
    return this.indexOf(name)!;
  }

  /** Removes a device with its addresses; one that is not there is no error. */
  removeDevice(name: string): void {
    if (this.indexOf(name) === undefined) return;
    readDoneAnswers(
      this.#socket,
      this.#send(messages.removeLink, NLM_F_ACK, `remove the device ${name}`, () => this.#writeLink(name)),
    );
  }

  /** Gives a device an address of its own, without a network around it; one that it has is no error. */
  add({ device, address }: DeviceAddress): void {
    this.#change(messages.newAddress, createFlag | exclusiveFlag, { device, address }, "EEXIST");
  }
  /** Takes an address away; one that is not there is no error. */
  remove({ device, address }: DeviceAddress): void {
    this.#change(messages.removeAddress, 0, { device, address }, "EADDRNOTAVAIL");
  }

  /** The addresses of all devices. */
  async list(family: Family): Promise<DeviceAddress[]> {
    const addresses: DeviceAddress[] = [];
    const sent = this.#send(messages.getAddress, NLM_F_DUMP, `list of IPv${family} addresses`, () => {
      const at = this.#writer.reserve(addressLength);
      this.#writer.target.writeUInt8(familyNumbers[family], at);
    });
    await readDump(this.#socket, sent, (data, { start, end }) => {
      const found = readAttributes(data, start + addressLength, end);
      // On a point-to-point link `address` is the other end.
      const bytes = found.get(addressAttributes.local) ?? found.get(addressAttributes.address);
      if (bytes?.length !== bitsOf(family) / 8) return;
      const value = BigInt(`0x${bytes.toString("hex")}`);
      addresses.push({ device: data.readUInt32LE(start + 4), address: formatAddress({ family, value }) });
    });
    return addresses;
  }

  #change(type: number, flags: number, { device, address: text }: DeviceAddress, harmless: string): void {
    const address = parseAddress(text);
    if (address === undefined) throw new TypeError(`${JSON.stringify(text)} is not an IP address`);
    const { family, value } = address;
    const verb = type === messages.newAddress ? "add" : "remove";
    const sent = this.#send(type, NLM_F_ACK | flags, `${verb} address ${text}`, () => {
      const at = this.#writer.reserve(addressLength);
      const { target } = this.#writer;
      target.writeUInt8(familyNumbers[family], at);
      target.writeUInt8(bitsOf(family), at + 1);
      target.writeUInt32LE(device, at + 4);
      const bytes = Buffer.from(value.toString(16).padStart(bitsOf(family) / 4, "0"), "hex");
      this.#writer.attribute(addressAttributes.local, bytes);
      this.#writer.attribute(addressAttributes.address, bytes);
      if (family === 6) this.#writer.attribute(addressAttributes.flags, Buffer.of(withoutDetection, 0, 0, 0));
    });
    try {
      readDoneAnswers(this.#socket, sent);
    } catch (error) {
      if (!(error instanceof NetlinkError) || error.code !== harmless) throw error;
    }
  }

  #writeLink(name: string): void {
    this.#writer.reserve(linkLength);
    this.#writer.text(linkAttributes.name, name);
  }

  #send(type: number, flags: number, about: string, write: () => void): Sent {
    const sequence = this.#socket.nextSequence();
    this.#writer.clear();
    const start = this.#writer.beginMessage(type, NLM_F_REQUEST | flags, sequence);
    write();
    this.#writer.endMessage(start);
    this.#socket.send(this.#writer.bytes);
    return { sequence, about };
  }
}

/** Whether an address is one that only its own link knows (RFC 4291). */
export function isLinkLocalSix(text: string): boolean {
  return familyOf(text) === 6 && /^fe[89ab]/.test(text);
}
