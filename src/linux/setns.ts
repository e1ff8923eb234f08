/**
 * Sockets in other network namespaces, from one Node process. A socket belongs to the namespace in which its thread was when it called
 * socket(2), for good; so the thread enters the namespace, makes the socket and is back before any other JavaScript can run. All calls
 * are koffi's synchronous ones: the asynchronous ones run on libuv's shared pool and would leave a pool thread in the wrong namespace.
 */
import { closeSync, openSync } from "node:fs";
import { getSystemErrorMessage, getSystemErrorName } from "node:util";
import koffi from "koffi";
import { formatAddressPort, parseAddress } from "../ip/address.ts";

// socket(7), ip(7), setns(2): the values of Linux on every architecture that Node runs on, but for MIPS.
const CLONE_NEWNET = 0x40000000;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

// Not "libc.so.6": the program itself has its C library loaded, whichever it is.
const libc = koffi.load(null);
const setns = libc.func("int setns(int fd, int nstype)");
const socket = libc.func("int socket(int domain, int type, int protocol)");
const setsockopt = libc.func(
  "int setsockopt(int fd, int level, int name, const uint8_t *value, unsigned int valueLength)",
);
const bind = libc.func("int bind(int fd, const uint8_t *address, unsigned int addressLength)");
const listen = libc.func("int listen(int fd, int backlog)");

/** The int 1, which turns an option on. */
const one = Buffer.from(new Int32Array([1]).buffer);

/** A failed call of the C library. `code` is the errno's name, such as "EADDRINUSE". */
export class SystemCallError extends Error {
  readonly code: string;
  readonly syscall: string;
  constructor(syscall: string, errno: number, about: string) {
    super(`${syscall} ${about}: ${getSystemErrorMessage(-errno) ?? "unknown error"}`);
    this.name = "SystemCallError";
    this.syscall = syscall;
    this.code = getSystemErrorName(-errno);
  }
}

export interface SocketPlace {
  /** A file that stands for the namespace: /proc/PID/ns/net, or a bind mount of it. */
  networkNamespace: string;
  /** Address to bind to; "0.0.0.0" when absent. A socket of IPv6 takes no IPv4 (ipv6(7), IPV6_V6ONLY). */
  address?: string;
  port: number;
}

/**
 * Opens a listening TCP socket and returns its descriptor, for `net.Server.listen({ fd })`, which then owns it.
 * Throws SystemCallError (EADDRINUSE, EADDRNOTAVAIL, EACCES, ...), or the error of opening the namespace's file (ENOENT: its last process is gone).
 */
export function openTcpListener(place: SocketPlace, backlog = 511): number {
  return openBound(place, SOCK_STREAM, (descriptor, about) => {
    check("listen", listen(descriptor, backlog), about);
  });
}

/** Opens a bound UDP socket and returns its descriptor, for `dgram.Socket.bind({ fd })`. Throws as openTcpListener does. */
export function openUdpSocket(place: SocketPlace): number {
  return openBound(place, SOCK_DGRAM, () => {});
}

function openBound(place: SocketPlace, type: number, finish: (descriptor: number, about: string) => void): number {
  const { networkNamespace, address = "0.0.0.0", port } = place;
  const [domain, name] = socketAddress(address, port);
  const about = `${formatAddressPort(address, port)} in ${networkNamespace}`;
  const descriptor = openSocketIn(networkNamespace, domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  try {
    const turnOn = (level: number, option: number) =>
      check("setsockopt", setsockopt(descriptor, level, option, one, one.length), about);
    if (type === SOCK_STREAM) turnOn(SOL_SOCKET, SO_REUSEADDR);
    if (domain === AF_INET6) turnOn(IPPROTO_IPV6, IPV6_V6ONLY);
    check("bind", bind(descriptor, name, name.length), about);
    finish(descriptor, about);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  return descriptor;
}

/**
 * Opens a socket (socket(2)'s numbers) in a network namespace and returns its descriptor.
 * Nothing between the two setns calls may run other JavaScript or give the thread away.
 */
export function openSocketIn(networkNamespace: string, domain: number, type: number, protocol: number): number {
  const there = openSync(networkNamespace, "r");
  try {
    const here = openSync("/proc/thread-self/ns/net", "r");
    try {
      check("setns", setns(there, CLONE_NEWNET), networkNamespace);
      const descriptor = socket(domain, type, protocol) as number;
      const errno = koffi.errno();
      // A thread that cannot go home would open every later socket in a stranger's namespace: better no process than that.
      if (setns(here, CLONE_NEWNET) !== 0) process.abort();
      if (descriptor < 0) throw new SystemCallError("socket", errno, `in ${networkNamespace}`);
      return descriptor;
    } finally {
      closeSync(here);
    }
  } finally {
    closeSync(there);
  }
}

function check(syscall: string, result: number, about: string): void {
  if (result < 0) throw new SystemCallError(syscall, koffi.errno(), about);
}

/**
 * The family, and struct sockaddr_in or sockaddr_in6: the family in host order (little-endian wherever Node runs Fairway), port and address in
 * network order.
 */
function socketAddress(text: string, port: number): [domain: number, name: Buffer] {
  const address = parseAddress(text);
  if (address === undefined) throw new RangeError(`not an IP address: ${text}`);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new RangeError(`not a port: ${port}`);
  const [domain, name] = address.family === 4 ? [AF_INET, Buffer.alloc(16)] : [AF_INET6, Buffer.alloc(28)];
  name.writeUInt16LE(domain, 0);
  name.writeUInt16BE(port, 2);
  if (address.family === 4) name.writeUInt32BE(Number(address.value), 4);
  else name.write(address.value.toString(16).padStart(32, "0"), 8, "hex");
  return [domain, name];
}
