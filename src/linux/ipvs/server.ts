/** Virtual and real servers as values, and as attributes of linux/ip_vs.h. Numbers are in host order, addresses and ports in network order. */
import { type Family, familyOf, formatAddress, formatAddressPort, parseAddress } from "../../ip/address.ts";
import { familyNumbers } from "../netlink/family-numbers.ts";
import { type MessageWriter, NetlinkFormatError, readAttributes, readText } from "../netlink/message.ts";

export type IpvsProtocol = "TCP" | "UDP" | "SCTP";

/** What tells one virtual server from another. */
export interface VirtualAddress {
  protocol: IpvsProtocol;
  /** Canonical text, IPv4 or IPv6. */
  address: string;
  port: number;
}

export interface VirtualServer extends VirtualAddress {
  /** "rr", "wrr", … : the module ip_vs_NAME. */
  scheduler: string;
  /** The scheduler's hash takes the client's port too (sh-port, mh-port). */
  hashPort: boolean;
  /** When the real server that the hash names takes no connections, another one gets them (sh-fallback, mh-fallback). */
  hashFallback: boolean;
  /** How long a client stays with its real server, in seconds; 0: not at all. */
  persistence: number;
}

/** Packets reach it with its address as their destination (masquerading, IP_VS_CONN_F_MASQ): the only way that can change the port. */
export interface RealServer {
  address: string;
  port: number;
  /** 0: takes no new connections. */
  weight: number;
}

/** A real server with what the kernel counts. */
export interface RealServerState extends RealServer {
  activeConnections: number;
  inactiveConnections: number;
}

const serviceAttributes = {
  addressFamily: 1,
  protocol: 2,
  address: 3,
  port: 4,
  firewallMark: 5,
  scheduler: 6,
  flags: 7,
  timeout: 8,
  netmask: 9,
} as const;

const destinationAttributes = {
  address: 1,
  port: 2,
  forwarding: 3,
  weight: 4,
  upperThreshold: 5,
  lowerThreshold: 6,
  active: 7,
  inactive: 8,
  addressFamily: 11,
} as const;

const protocolNumbers = { TCP: 6, UDP: 17, SCTP: 132 } as const satisfies Record<IpvsProtocol, number>;

const persistentFlag = 1;
/** IP_VS_SVC_F_SCHED2, which sh and mh read as "the port too". */
const hashPortFlag = 0x10;
/** IP_VS_SVC_F_SCHED1, which sh and mh read as "look further". */
const hashFallbackFlag = 0x08;
/** union nf_inet_addr: an IPv4 address stands in its first four bytes. */
const addressLength = 16;
const everyClient: Record<Family, Buffer> = { 4: Buffer.from([255, 255, 255, 255]), 6: number32(128) };

function number16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}
function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
function port(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function encodeAddress(text: string): Buffer {
  const address = parseAddress(text);
  if (address === undefined) throw new TypeError(`${JSON.stringify(text)} is not an IP address`);
  const bytes = Buffer.alloc(addressLength);
  if (address.family === 4) bytes.writeUInt32BE(Number(address.value));
  else {
    bytes.writeBigUInt64BE(address.value >> 64n);
    bytes.writeBigUInt64BE(address.value & 0xffff_ffff_ffff_ffffn, 8);
  }
  return bytes;
}

function decodeAddress(bytes: Buffer, family: Family): string {
  if (family === 4) return formatAddress({ family, value: BigInt(bytes.readUInt32BE()) });
  return formatAddress({ family, value: (bytes.readBigUInt64BE() << 64n) | bytes.readBigUInt64BE(8) });
}

/** The attributes that name a virtual server. */
export function writeVirtualAddress(writer: MessageWriter, { protocol, address, port: number }: VirtualAddress): void {
  writer.attribute(serviceAttributes.addressFamily, number16(familyNumbers[familyOf(address)]));
  writer.attribute(serviceAttributes.protocol, number16(protocolNumbers[protocol]));
  writer.attribute(serviceAttributes.address, encodeAddress(address));
  writer.attribute(serviceAttributes.port, port(number));
}

/** All that making or changing one needs. */
export function writeVirtualServer(writer: MessageWriter, server: VirtualServer): void {
  writeVirtualAddress(writer, server);
  writer.text(serviceAttributes.scheduler, server.scheduler);
  const flags =
    (server.persistence > 0 ? persistentFlag : 0) |
    (server.hashPort ? hashPortFlag : 0) |
    (server.hashFallback ? hashFallbackFlag : 0);
  // struct ip_vs_flags: the flags, and which of them count.
  writer.attribute(serviceAttributes.flags, Buffer.concat([number32(flags), number32(0xffff_ffff)]));
  writer.attribute(serviceAttributes.timeout, number32(server.persistence));
  writer.attribute(serviceAttributes.netmask, everyClient[familyOf(server.address)]);
}

export function writeRealServer(writer: MessageWriter, { address, port: number, weight }: RealServer): void {
  writer.attribute(destinationAttributes.addressFamily, number16(familyNumbers[familyOf(address)]));
  writer.attribute(destinationAttributes.address, encodeAddress(address));
  writer.attribute(destinationAttributes.port, port(number));
  writer.attribute(destinationAttributes.forwarding, number32(0));
  writer.attribute(destinationAttributes.weight, number32(weight));
  writer.attribute(destinationAttributes.upperThreshold, number32(0));
  writer.attribute(destinationAttributes.lowerThreshold, number32(0));
}

/** An attribute that must be there and be long enough. */
function need(attributes: Map<number, Buffer>, type: number, length: number, about: string): Buffer {
  const value = attributes.get(type);
  if (value === undefined || value.length < length)
    throw new NetlinkFormatError(`${about}: attribute ${type} is ${value === undefined ? "missing" : "too short"}`);
  return value;
}

function readFamily(value: number): Family {
  if (value === familyNumbers[4]) return 4;
  if (value === familyNumbers[6]) return 6;
  throw new NetlinkFormatError(`IPVS server of address family ${value}`);
}

/** Undefined for one that is known by a firewall mark, or has another protocol than Services have: it is none of ours. */
export function readVirtualServer(nested: Buffer): VirtualServer | undefined {
  const attributes = readAttributes(nested);
  const {
    addressFamily,
    protocol,
    address,
    port: portType,
    scheduler,
    flags,
    timeout,
    firewallMark,
  } = serviceAttributes;
  if (attributes.has(firewallMark)) return undefined;
  const about = "IPVS virtual server";
  const number = need(attributes, protocol, 2, about).readUInt16LE();
  const name = (Object.keys(protocolNumbers) as IpvsProtocol[]).find((key) => protocolNumbers[key] === number);
  if (name === undefined) return undefined;
  const family = readFamily(need(attributes, addressFamily, 2, about).readUInt16LE());
  const bits = need(attributes, flags, 4, about).readUInt32LE();
  return {
    protocol: name,
    address: decodeAddress(need(attributes, address, addressLength, about), family),
    port: need(attributes, portType, 2, about).readUInt16BE(),
    scheduler: readText(attributes.get(scheduler)) ?? "",
    hashPort: (bits & hashPortFlag) !== 0,
    hashFallback: (bits & hashFallbackFlag) !== 0,
    persistence: bits & persistentFlag ? need(attributes, timeout, 4, about).readUInt32LE() : 0,
  };
}

/** `family` counts where the kernel does not say it (before 3.18). */
export function readRealServer(nested: Buffer, family: Family): RealServerState {
  const attributes = readAttributes(nested);
  const about = "IPVS real server";
  const { addressFamily, address, port: portType, weight, active, inactive } = destinationAttributes;
  const told = attributes.get(addressFamily);
  const number = (type: number) => need(attributes, type, 4, about).readUInt32LE();
  return {
    address: decodeAddress(
      need(attributes, address, addressLength, about),
      told !== undefined && told.length >= 2 ? readFamily(told.readUInt16LE()) : family,
    ),
    port: need(attributes, portType, 2, about).readUInt16BE(),
    weight: number(weight),
    activeConnections: attributes.has(active) ? number(active) : 0,
    inactiveConnections: attributes.has(inactive) ? number(inactive) : 0,
  };
}

/** "TCP 10.96.0.1:443": the same for all that name one virtual server. */
export function virtualKey({ protocol, address, port: number }: VirtualAddress): string {
  return `${protocol} ${formatAddressPort(address, number)}`;
}
