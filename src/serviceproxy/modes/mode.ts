import type { Family } from "../../ip/address.ts";
import type { Flow } from "../../linux/conntrack.ts";
import type { RowChange, ServiceTable } from "../table.ts";

/**
 * A way to make the kernel (or sockets of our own) do what the table says, for one address family. Everything of a mode is in its folder;
 * nothing outside knows its kernel objects. Methods are never called while another one runs.
 */
export interface Mode {
  readonly family: Family;
  /** Makes the world equal to the table whatever it is like now, with as few changes as possible; also the first thing that is called. */
  sync(table: ServiceTable): Promise<void>;
  /** Applies changes to a world that the last call left equal to the table without them. After a rejection `sync` is called. */
  apply(changes: readonly RowChange[], table: ServiceTable): Promise<void>;
  /** Whether what was written is still there: another program may have flushed it. Cheap; called each sync period. */
  isIntact(): Promise<boolean>;
  /** Whether a flow was brought to a socket of this process, which knows itself where to send it on; for a mode that has sockets. */
  isServing?(flow: Flow): boolean;
  /** Takes away everything, of earlier runs too. */
  cleanup(): Promise<void>;
}
