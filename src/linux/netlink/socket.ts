import { closeSync } from "node:fs";
import koffi from "koffi";
import { openSocketIn, SystemCallError } from "../setns.ts";

// socket(7), netlink(7): the values of Linux on every architecture that Node runs on, but for MIPS.
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_ATTACH_FILTER = 26;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const MSG_TRUNC = 0x20;
const EINTR = 4;
const EAGAIN = 11;

/** NETLINK_NETFILTER of linux/netlink.h. */
export const netfilterProtocol = 12;

// Not "libc.so.6": the program itself has its C library loaded, whichever it is.
const libc = koffi.load(null);
const socketCall = libc.func("int socket(int domain, int type, int protocol)");
const bindCall = libc.func("int bind(int fd, const uint8_t *address, unsigned int addressLength)");
const getsocknameCall = libc.func("int getsockname(int fd, uint8_t *address, uint32_t *addressLength)");
const setsockoptCall = libc.func(
  "int setsockopt(int fd, int level, int name, const uint8_t *value, unsigned int valueLength)",
);
const sendCall = libc.func("long send(int fd, const uint8_t *data, unsigned long length, int flags)");
const recvCall = libc.func("long recv(int fd, uint8_t *data, unsigned long length, int flags)");

export interface NetlinkSocketOptions {
  /** Such as netfilterProtocol. */
  protocol: number;
  /** A file that stands for the network namespace to speak to (/proc/PID/ns/net); the process's own when absent. */
  networkNamespace?: string;
  /** Bytes; a batch must fit into it as a whole. */
  sendBuffer?: number;
  /** Bytes; events that do not fit are lost and reported as ENOBUFS. */
  receiveBuffer?: number;
}

/** A kernel dump is made in pieces of at most 32 KiB; events and answers are smaller. */
const receiveSize = 65_536;

/**
 * A netlink socket. The kernel handles a message, and queues its answer, before send(2) returns; so answers are read right behind the
 * request without waiting, and nothing here ever blocks. Every call throws SystemCallError when the kernel refuses it.
 */
export class NetlinkSocket {
  readonly #descriptor: number;
  readonly #buffer = Buffer.alloc(receiveSize);
  #open = true;
  #sequence = 0;
  /** The port the kernel gave this socket: its messages, also those it sends to listeners, carry it. */
  readonly port: number;

  constructor({ protocol, networkNamespace, sendBuffer, receiveBuffer }: NetlinkSocketOptions) {
    const type = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
    if (networkNamespace === undefined) {
      this.#descriptor = socketCall(AF_NETLINK, type, protocol) as number;
      check("socket", this.#descriptor, "AF_NETLINK");
    } else this.#descriptor = openSocketIn(networkNamespace, AF_NETLINK, type, protocol);
    try {
      // struct sockaddr_nl: family, padding, port, groups; port 0 lets the kernel choose.
      const address = Buffer.alloc(12);
      address.writeUInt16LE(AF_NETLINK);
      check("bind", bindCall(this.#descriptor, address, address.length), "netlink socket");
      const length = Buffer.alloc(4);
      length.writeUInt32LE(address.length);
      check("getsockname", getsocknameCall(this.#descriptor, address, length), "netlink socket");
      this.port = address.readUInt32LE(4);
      // Errors then explain themselves, and do not quote the whole message that failed.
      this.#setOption(SOL_NETLINK, NETLINK_CAP_ACK, 1);
      this.#setOption(SOL_NETLINK, NETLINK_EXT_ACK, 1);
      if (sendBuffer !== undefined) this.#setBuffer(SO_SNDBUFFORCE, SO_SNDBUF, sendBuffer);
      if (receiveBuffer !== undefined) this.#setBuffer(SO_RCVBUFFORCE, SO_RCVBUF, receiveBuffer);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Joins a multicast group: its events arrive among what `receive` returns. */
  join(group: number): void {
    this.#setOption(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group);
  }

  /** Attaches a classic BPF program (struct sock_filter, eight bytes each) that sees a datagram from its first message's header on. */
  attachFilter(program: Buffer): void {
    // struct sock_fprog: count, padding, pointer. The kernel copies the program before the call returns.
    const value = Buffer.alloc(16);
    value.writeUInt16LE(program.length / 8);
    value.writeBigUInt64LE(koffi.address(program) as bigint, 8);
    const result = setsockoptCall(this.#descriptor, SOL_SOCKET, SO_ATTACH_FILTER, value, value.length);
    check("setsockopt", result, "SO_ATTACH_FILTER");
  }

  /** A number for the next message: answers carry it. */
  nextSequence(): number {
    this.#sequence = (this.#sequence + 1) >>> 0;
    return this.#sequence;
  }

  send(data: Buffer): void {
    for (;;) {
      const sent = sendCall(this.#descriptor, data, data.length, 0) as number;
      if (sent === data.length) return;
      const errno = koffi.errno();
      if (sent < 0 && errno === EINTR) continue;
      throw new SystemCallError("send", sent < 0 ? errno : 0, `netlink, ${data.length} bytes (${sent} sent)`);
    }
  }

  /** The next datagram, or undefined when there is none now. Valid until the next call. */
  receive(): Buffer | undefined {
    for (;;) {
      const length = recvCall(this.#descriptor, this.#buffer, this.#buffer.length, MSG_TRUNC) as number;
      if (length > this.#buffer.length)
        throw new RangeError(`netlink datagram of ${length} bytes; at most ${this.#buffer.length} are expected`);
      if (length >= 0) return this.#buffer.subarray(0, length);
      const errno = koffi.errno();
      if (errno === EAGAIN) return undefined;
      if (errno !== EINTR) throw new SystemCallError("recv", errno, "netlink");
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#descriptor);
  }

  #setOption(level: number, name: number, value: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    check("setsockopt", setsockoptCall(this.#descriptor, level, name, bytes, 4), `netlink option ${level}/${name}`);
  }

  /** Beyond the system's limit when we may, else as far as it goes. */
  #setBuffer(force: number, ordinary: number, size: number): void {
    try {
      this.#setOption(SOL_SOCKET, force, size);
    } catch (error) {
      if (!(error instanceof SystemCallError) || error.code !== "EPERM") throw error;
      this.#setOption(SOL_SOCKET, ordinary, size);
    }
  }
}

function check(syscall: string, result: number, about: string): void {
  if (result < 0) throw new SystemCallError(syscall, koffi.errno(), about);
}
