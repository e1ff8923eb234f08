import type { Socket } from "node:net";

/**
 * Joins two open TCP connections: what one sends, the other gets, in order, until both have ended. Neither may have been read before, and
 * both must be `allowHalfOpen`: whoever has said everything can still listen (RFC 9293, 3.6).
 *
 * - Back-pressure: while one side does not take more, the other is not read; at most the streams' high-water marks wait here.
 * - An end is passed on as an end, after everything before it.
 * - A reset, or any other failure, is passed on as a reset: the other side must not take a cut answer for a whole one.
 *
 * `closed` is called once, when both are closed.
 */
export function relay(one: Socket, other: Socket, closed: () => void = () => {}): void {
  let open = 2;
  const ended = () => {
    open -= 1;
    if (open === 0) closed();
  };
  pump(one, other);
  pump(other, one);
  for (const socket of [one, other]) {
    if (socket.closed) ended();
    else socket.once("close", ended);
  }
}

function pump(from: Socket, to: Socket): void {
  from.on("data", (chunk) => {
    if (!to.write(chunk)) from.pause();
  });
  to.on("drain", () => from.resume());
  from.once("end", () => to.end());
  // "close" follows, and tells the other side.
  from.on("error", () => {});
  from.once("close", () => {
    if (to.destroyed) return;
    // It had said everything before it failed to listen: what it said still arrives.
    if (from.readableEnded) to.destroySoon();
    else to.resetAndDestroy();
  });
  if (from.destroyed && !to.destroyed) to.resetAndDestroy();
  else from.resume();
}
