import { connect, type Socket } from "node:net";

export interface Place {
  /** An IP address: nothing is looked up. */
  address: string;
  port: number;
}

/** After how long without a word from the other side the kernel asks whether it still lives; a peer that is gone holds no connection for ever. */
export const keepAliveDelay = 15_000;

/** What the kernel's silence means; the code is that of connect(2). */
function timedOut({ address, port }: Place, timeout: number): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(`connect to ${address} port ${port}: no answer within ${timeout} ms`);
  error.code = "ETIMEDOUT";
  return error;
}

/**
 * Opens a TCP connection, half-open ends allowed, not yet read. `timeout` in milliseconds. Calls `done` once, with the connection or with
 * the error of connect(2) (ECONNREFUSED, EHOSTUNREACH, EMFILE, ...), ETIMEDOUT when nobody answered in time.
 */
export function dial(place: Place, timeout: number, done: (error: Error | undefined, socket?: Socket) => void): void {
  const socket = connect({
    host: place.address,
    port: place.port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveDelay,
  });
  // Bytes that come at once wait in the kernel for whoever takes the connection.
  socket.pause();
  const failed = (error: Error) => {
    clearTimeout(timer);
    socket.destroy();
    done(error);
  };
  const timer = setTimeout(() => {
    socket.off("error", failed).on("error", () => {});
    failed(timedOut(place, timeout));
  }, timeout);
  socket.once("error", failed);
  socket.once("connect", () => {
    clearTimeout(timer);
    socket.off("error", failed);
    done(undefined, socket);
  });
}
