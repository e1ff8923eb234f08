import type { Metrics } from "../../role/metrics.ts";
import { cleanupIptables, cleanupIpvs, cleanupNftables, cleanupOtherBackend, cleanupUserspace } from "./cleanup.ts";
import type { ModeContext } from "./context.ts";
import { openIptables } from "./iptables/open.ts";
import type { Mode } from "./mode.ts";
import { takeSteps } from "./steps.ts";

/** The modes of all families, and what goes with them. */
export interface OpenModes {
  modes: readonly Mode[];
  /** What does the work, with its version: for the log. */
  tool: string;
  /** How often somebody else's hand was on the rules, 0 when they are as they should be; for a mode that can know. Cheap. */
  damages?: () => number;
  close?: () => void;
  /** Registers the mode's own metrics; `changed` is called when rules have to be other ones because of them. */
  addMetrics?: (metrics: Metrics, changed: () => void) => void;
  /** Removes what the other modes left behind; called when everything that they did is done by this one. What cannot be removed keeps nothing else. */
  cleanupOthers: () => Promise<void>;
}

/** Opens the chosen mode for the families that this machine has. */
export async function openModes(context: ModeContext): Promise<OpenModes> {
  const { settings, localTraffic, surroundings, log } = context;
  switch (settings.mode) {
    case "iptables": {
      const [{ createIptablesMode }, { addCounterMetrics }, { addRuleCountMetrics }] = await Promise.all([
        import("./iptables/mode.ts"),
        import("./iptables/counters.ts"),
        import("./iptables/rule-counts.ts"),
      ]);
      const { modes, tool, families, abilities } = await openIptables(context, createIptablesMode);
      const cleanupOthers = () =>
        takeSteps([
          () => cleanupNftables({ own: true }),
          () => cleanupUserspace(),
          () => cleanupOtherBackend(families),
          () => cleanupIpvs(log, { own: true }),
        ]);
      const addMetrics = (metrics: Metrics, changed: () => void) => {
        addRuleCountMetrics(metrics, modes);
        addCounterMetrics(metrics, abilities, log, changed);
      };
      return { modes, tool, addMetrics, close: () => abilities.counters?.close(), cleanupOthers };
    }
    case "userspace": {
      const { openUserspace } = await import("./userspace/open.ts");
      const opened = await openUserspace(context);
      const cleanupOthers = () =>
        takeSteps([
          () => cleanupNftables({ own: true }),
          () => cleanupOtherBackend(opened.families),
          () => cleanupIpvs(log, { own: true }),
        ]);
      return { ...opened, cleanupOthers };
    }
    case "ipvs": {
      const { openIpvs } = await import("./ipvs/open.ts");
      const cleanupOthers = () =>
        takeSteps([
          () => cleanupNftables({ own: true }),
          () => cleanupIptables(log),
          () => cleanupUserspace(),
          () => cleanupIpvs(log, { own: false }),
        ]);
      return { ...(await openIpvs(context)), cleanupOthers };
    }
    case "nftables": {
      const { openNftables } = await import("./nftables/open.ts");
      const opened = await openNftables({ ...settings, localTraffic }, surroundings);
      const cleanupOthers = () =>
        takeSteps([
          () => cleanupNftables({ own: false }),
          () => cleanupIptables(log),
          () => cleanupUserspace(),
          () => cleanupIpvs(log, { own: true }),
        ]);
      return { ...opened, tool: opened.version, cleanupOthers };
    }
  }
}
