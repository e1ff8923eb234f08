import type { PacketCounters } from "../../../linux/nfacct.ts";
import type { Logger } from "../../../role/log.ts";

/**
 * What this machine's iptables can do besides the rules that everybody has. Nobody can say beforehand at a small price: a restore that is
 * refused is tried again without what the refusal names, so that one Service's protocol never keeps the others from being served.
 */
export class Abilities {
  readonly #log: Logger;
  #sctp = true;
  #counters: PacketCounters | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  get sctp(): boolean {
    return this.#sctp;
  }
  get counters(): PacketCounters | undefined {
    return this.#counters;
  }
  useCounters(counters: PacketCounters): void {
    this.#counters = counters;
  }

  /** A restore was refused; what it was about is not used any more. */
  refused({ message }: Error): void {
    if (this.#counters !== undefined && isAbout(message, "nfacct")) {
      this.#counters.close();
      this.#counters = undefined;
      this.#log.warn({ error: message }, "this machine's iptables has no packet counters (nfacct): going on without");
    }
    if (this.#sctp && isAbout(message, "sctp")) {
      this.#sctp = false;
      this.#log.warn(
        { error: message },
        "this machine's iptables has no SCTP (load the kernel module xt_sctp and start the proxy again): its ports are not served",
      );
    }
  }
}

/**
 * Whether iptables speaks of a match: "Extension sctp revision 0 not supported, missing kernel module?", "Couldn't load match `sctp'", or the
 * line that failed has it. A Service may have such a name, too, in a rule's comment.
 */
function isAbout(message: string, match: string): boolean {
  return new RegExp(`-m ${match} |[Ee]xtension ${match} |match .${match}\\b`).test(message);
}
