import { once } from "node:events";

/**
 * What a process tells the one that started it, over the channel that Node opens between two of its own (spawn's stdio "ipc"). Whoever starts
 * it without one, as a person or an init system does, hears nothing.
 */
export type Notice =
  /** Of a successor: it has all that it needs, and changes nothing before it is told to take over. */
  | { is: "prepared" }
  /** It does its work. */
  | { is: "serving" }
  /** It is about to end. */
  | { is: "failing"; reason: string };

/** Set for a process that is to take another one's place: it waits until that one is gone. */
export const successorVariable = "FAIRWAY_SUCCESSOR";

/** A parent that is gone hears nothing, and that is no error. */
export function tellParent(notice: Notice): void {
  process.send?.(notice, undefined, undefined, () => {});
}

/** How a successor waits for its turn; undefined for a process that is nobody's successor. */
export function succession(): (() => Promise<void>) | undefined {
  if (process.send === undefined || !process.env[successorVariable]) return undefined;
  return async () => {
    const told = once(process, "message");
    // Listening alone must not keep a process that has failed from ending.
    process.channel?.unref();
    tellParent({ is: "prepared" });
    await told;
  };
}

/** A message from a child as what it means; undefined for anything else. */
export function parseNotice(message: unknown): Notice | undefined {
  const { is, reason } = (message ?? {}) as Record<string, unknown>;
  if (is === "prepared" || is === "serving") return { is };
  // It goes into a line of a table: an error may quote a whole script.
  if (is === "failing" && typeof reason === "string") return { is, reason: reason.split("\n")[0]!.slice(0, 500) };
  return undefined;
}
