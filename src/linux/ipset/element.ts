/** Elements of IP sets as text, in the words of ipset(8), and as attributes of linux/netfilter/ipset/ip_set.h. Pure. */
import { type Family, formatAddress, parseAddress } from "../../ip/address.ts";
import { parsePrefix } from "../../ip/prefix.ts";
import { type MessageWriter, NetlinkFormatError, readAttributes } from "../netlink/message.ts";

/** What a set's elements are made of. A port goes with its protocol: "10.96.0.1,tcp:443"; in a bitmap it stands alone: "32000". */
export type SetType = "hash:ip" | "hash:ip,port" | "hash:ip,port,ip" | "hash:ip,port,net" | "bitmap:port";

const attributes = { address: 1, port: 4, protocol: 7, line: 9, address2: 20, length2: 21 } as const;
/** Inside of an address: which family's it is. */
const addressAttributes = { 4: 1, 6: 2 } as const satisfies Record<Family, number>;
/** NLA_F_NET_BYTEORDER: ipset takes numbers and IPv4 addresses with this flag only. */
export const networkOrder = 0x4000;

const protocolNumbers: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };
const protocolNames = new Map(Object.entries(protocolNumbers).map(([name, number]) => [number, name]));

/** The text is no element of such a set. */
export class ElementError extends TypeError {
  constructor(type: SetType, text: string) {
    super(`${JSON.stringify(text)} is no element of an IP set of type ${type}`);
    this.name = "ElementError";
  }
}

/** Writes the attributes of an element. `line` comes back in a refusal. Throws ElementError. */
export function writeElement(writer: MessageWriter, type: SetType, text: string, line: number): void {
  const [first = "", port = "", last, ...rest] = type === "bitmap:port" ? ["", text] : text.split(",");
  const parts = type.replace(/^\w+:/, "").split(",").length;
  const fits = rest.length === 0 && (parts === 3) === (last !== undefined) && (type !== "hash:ip") === (port !== "");
  if (!fits) throw new ElementError(type, text);
  if (type !== "bitmap:port") writeAddress(writer, attributes.address, first, () => new ElementError(type, text));
  if (port !== "") writePort(writer, port, type === "bitmap:port", () => new ElementError(type, text));
  if (last !== undefined) {
    const [address = "", length] = last.split("/");
    const prefix = parsePrefix(last.includes("/") ? last : `${last}/${address.includes(":") ? 128 : 32}`);
    // The kernel keeps no network of length 0.
    const isNetwork = type === "hash:ip,port,net";
    if (prefix === undefined || prefix.length === 0 || (length !== undefined && !isNetwork))
      throw new ElementError(type, text);
    writeAddress(writer, attributes.address2, formatAddress(prefix), () => new ElementError(type, text));
    if (isNetwork) writer.attribute(attributes.length2, Buffer.of(prefix.length));
  }
  const number = Buffer.alloc(4);
  number.writeUInt32LE(line);
  writer.attribute(attributes.line, number);
}

function writeAddress(writer: MessageWriter, type: number, text: string, fault: () => Error): void {
  const address = parseAddress(text);
  if (address === undefined) throw fault();
  const { family, value } = address;
  const bytes = Buffer.alloc(family === 4 ? 4 : 16);
  if (family === 4) bytes.writeUInt32BE(Number(value));
  else {
    bytes.writeBigUInt64BE(value >> 64n);
    bytes.writeBigUInt64BE(value & 0xffff_ffff_ffff_ffffn, 8);
  }
  const start = writer.beginNested(type);
  writer.attribute(addressAttributes[family] | networkOrder, bytes);
  writer.endAttribute(start);
}

/** "tcp:80"; in a bitmap "80". */
function writePort(writer: MessageWriter, text: string, alone: boolean, fault: () => Error): void {
  const [, name, digits] = /^(?:([a-z]+):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const protocol = protocolNumbers[name ?? ""];
  if (digits === undefined || port > 65_535 || alone !== (name === undefined)) throw fault();
  if (!alone && protocol === undefined) throw fault();
  writer.attribute(attributes.port | networkOrder, portBytes(port));
  if (protocol !== undefined) writer.attribute(attributes.protocol, Buffer.of(protocol));
}

export function portBytes(port: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(port);
  return bytes;
}

/** Reads the attributes of an element back into its text. Throws NetlinkFormatError. */
export function readElement(type: SetType, nested: Buffer): string {
  const found = readAttributes(nested);
  const need = (attribute: number, length: number): Buffer => {
    const value = found.get(attribute);
    if (value === undefined || value.length < length)
      throw new NetlinkFormatError(`element of an IP set of type ${type}: attribute ${attribute} is missing`);
    return value;
  };
  const port = () => need(attributes.port, 2).readUInt16BE();
  if (type === "bitmap:port") return String(port());
  const first = readAddress(need(attributes.address, 4));
  if (type === "hash:ip") return first;
  const number = need(attributes.protocol, 1).readUInt8();
  const two = `${first},${protocolNames.get(number) ?? number}:${port()}`;
  if (type === "hash:ip,port") return two;
  const last = readAddress(need(attributes.address2, 4));
  if (type === "hash:ip,port,ip") return `${two},${last}`;
  // A network of one address comes without its length.
  const length = found.get(attributes.length2)?.readUInt8() ?? (last.includes(":") ? 128 : 32);
  return `${two},${last}/${length}`;
}

function readAddress(nested: Buffer): string {
  const found = readAttributes(nested);
  const four = found.get(addressAttributes[4]);
  if (four?.length === 4) return formatAddress({ family: 4, value: BigInt(four.readUInt32BE()) });
  const six = found.get(addressAttributes[6]);
  if (six?.length !== 16) throw new NetlinkFormatError("an address of an IP set has neither 4 nor 16 bytes");
  return formatAddress({ family: 6, value: (six.readBigUInt64BE() << 64n) | six.readBigUInt64BE(8) });
}
