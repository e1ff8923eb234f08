/**
 * SCTP sockets of the one-to-one style (RFC 6458, section 4), which Node has not: enough to serve a line and to ask for it, IPv4 only.
 * No call blocks; what has to wait looks again every few milliseconds.
 */
import { constants } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import koffi from "koffi";

// socket(7), ip(7): the values of Linux on every architecture that Node runs on, but for MIPS.
const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_SCTP = 132;

const libc = koffi.load(null);
const socket = libc.func("int socket(int domain, int type, int protocol)");
const bind = libc.func("int bind(int fd, const uint8_t *address, unsigned int length)");
const listen = libc.func("int listen(int fd, int backlog)");
const accept = libc.func("int accept4(int fd, _Out_ uint8_t *address, _Inout_ unsigned int *length, int flags)");
const connect = libc.func("int connect(int fd, const uint8_t *address, unsigned int length)");
const send = libc.func("intptr_t send(int fd, const uint8_t *data, size_t length, int flags)");
const recv = libc.func("intptr_t recv(int fd, _Out_ uint8_t *data, size_t length, int flags)");
const close = libc.func("int close(int fd)");

const interval = 10;

/** Answers "NAME CLIENT-ADDRESS" to every association, for as long as the process lives. Throws the name of the errno. */
export function serveSctp(name: string, address: string, port: number): void {
  const listener = checked(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_SCTP));
  checked(bind(listener, socketAddress(address, port), 16));
  checked(listen(listener, 16));
  setInterval(() => {
    const client = Buffer.alloc(16);
    const association = accept(listener, client, [client.length], SOCK_CLOEXEC);
    if (association < 0) return;
    const line = Buffer.from(`${name} ${[...client.subarray(4, 8)].join(".")}`);
    send(association, line, line.length, 0);
    // The client has the line before it is told of the end: SCTP delivers in order.
    close(association);
  }, interval);
}

/** The line that is answered, an error code such as ECONNREFUSED, or "silence" after so many milliseconds. */
export async function askSctp(address: string, port: number, localAddress: string, patience: number): Promise<string> {
  const association = checked(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_SCTP));
  try {
    checked(bind(association, socketAddress(localAddress, 0), 16));
    if (connect(association, socketAddress(address, port), 16) < 0 && lastError() !== "EINPROGRESS") return lastError();
    const data = Buffer.alloc(200);
    for (const end = Date.now() + patience; Date.now() < end; await wait(interval)) {
      const length = Number(recv(association, data, data.length, 0));
      if (length > 0) return data.toString("utf8", 0, length);
      if (length === 0) return "closed";
      // Not connected yet, or nothing said yet.
      if (!["EAGAIN", "ENOTCONN"].includes(lastError())) return lastError();
    }
    return "silence";
  } finally {
    close(association);
  }
}

/** struct sockaddr_in (ip(7)). */
function socketAddress(address: string, port: number): Buffer {
  const buffer = Buffer.alloc(16);
  new Uint16Array(buffer.buffer, buffer.byteOffset, 1)[0] = AF_INET;
  buffer.writeUInt16BE(port, 2);
  buffer.set(address.split(".").map(Number), 4);
  return buffer;
}

function lastError(): string {
  const errno = koffi.errno();
  return Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`;
}

function checked(result: number): number {
  if (result < 0) throw new Error(lastError());
  return result;
}
