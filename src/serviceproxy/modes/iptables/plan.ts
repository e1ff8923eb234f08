import type { RowChange, ServicePort } from "../../table.ts";
import { chains, type FixedRules, fixedRules, jumps } from "./base.ts";
import type { IptablesConfig } from "./config.ts";
import { isServiceChain, prefixes } from "./names.ts";
import { type RenderedRow, renderRow, type SharedRule } from "./render.ts";
import { Section } from "./restore.ts";
import { RuleCounts } from "./rule-counts.ts";
import type { Rule, Table } from "./rules.ts";
import type { SavedTable } from "./save.ts";

/**
 * Lines for one restore. The nft backend's time grows with the square of a restore's size: 10,000 Services in one take several times as
 * long as in pieces.
 */
const chunkLines = 2000;
/** With more single rules than this to change, writing the whole chain again is cheaper than having each looked up. */
const singleRules = 100;

const sharedChains: readonly { table: "filter" | "nat"; chain: string }[] = [
  { table: "filter", chain: chains.services },
  { table: "filter", chain: chains.externalServices },
  { table: "filter", chain: chains.proxyFirewall },
  { table: "filter", chain: chains.nodePorts },
  { table: "nat", chain: chains.services },
  { table: "nat", chain: chains.nodePorts },
];

/**
 * Rules of a service port stand before the fixed ones, of which the last must stay last. One that counts some of the packets stands before
 * the one that takes all of them.
 */
function add(section: Section, { table, chain, rule }: SharedRule): void {
  const isFirst = chain === (table === "nat" ? chains.services : chains.nodePorts) || rule.includes(" -m nfacct ");
  if (isFirst) section.insert(chain, rule);
  else section.append(chain, rule);
}

/**
 * What to write when rows changed: their own chains that differ, and single rules of shared chains. Nothing else is read or written, so
 * the cost follows the change. First what is added to the filter, then everything of nat at once, then what leaves the filter: a Service
 * that loses its last endpoint is refused before it is no longer translated.
 */
export function planChanges(
  changes: readonly RowChange[],
  config: IptablesConfig,
  counts: RuleCounts = new RuleCounts(),
): string {
  const refusals = new Section("filter");
  const nat = new Section("nat");
  const releases = new Section("filter");
  const nothing: RenderedRow = { chains: new Map(), shared: [] };
  for (const { before, after } of changes) {
    const old = before === undefined ? nothing : renderRow(before, config);
    const now = after === undefined ? nothing : renderRow(after, config);
    counts.add(old, -1);
    counts.add(now, 1);
    for (const [chain, rules] of now.chains) if (!sameRules(old.chains.get(chain), rules)) nat.replace(chain, rules);
    for (const chain of old.chains.keys()) if (!now.chains.has(chain)) nat.remove(chain);
    for (const shared of without(now.shared, old.shared)) add(shared.table === "nat" ? nat : refusals, shared);
    for (const { table, chain, rule } of without(old.shared, now.shared))
      (table === "nat" ? nat : releases).delete(chain, rule);
  }
  return [refusals, nat, releases].join("");
}

function without(all: readonly SharedRule[], some: readonly SharedRule[]): SharedRule[] {
  const keys = new Set(some.map(keyOf));
  return all.filter((shared) => !keys.has(keyOf(shared)));
}

function keyOf({ table, chain, rule }: SharedRule): string {
  return `${table} ${chain} ${rule}`;
}

function sameRules(a: readonly Rule[] | undefined, b: readonly Rule[]): boolean {
  return a !== undefined && a.length === b.length && a.every((rule, index) => rule === b[index]);
}

export type Saved = Record<Table, SavedTable>;

/**
 * The restores that lead from what the kernel has to what it should have, in order. Each leaves rules behind that work: chains are filled
 * before anything leads to them and removed after nothing does, and what is right already is not touched. Killed in between, the next
 * full plan takes it from there.
 */
export function* planFull(
  saved: Saved,
  rows: Iterable<ServicePort>,
  config: IptablesConfig,
  counts: RuleCounts = new RuleCounts(),
): Generator<string> {
  const fixed = fixedRules(config);
  counts.reset(fixed);
  yield* emit(planFixed(saved, fixed, "filled"));
  const wanted = new Set<string>();
  const shared = new Map<string, Rule[]>();
  let nat = new Section("nat");
  for (const row of rows) {
    const rendered = renderRow(row, config);
    counts.add(rendered, 1);
    for (const [chain, rules] of rendered.chains) {
      wanted.add(chain);
      if (!sameRules(saved.nat.get(chain), rules)) nat.replace(chain, rules);
    }
    for (const { table, chain, rule } of rendered.shared) {
      const key = `${table} ${chain}`;
      const list = shared.get(key);
      if (list === undefined) shared.set(key, [rule]);
      else list.push(rule);
    }
    if (nat.lines >= chunkLines) {
      yield nat.toString();
      nat = new Section("nat");
    }
  }
  yield* emit([nat]);
  const sections = sharedChains.map(({ table, chain }) => {
    const tail = fixed[table].get(chain) ?? [];
    return planShared(table, chain, saved[table].get(chain) ?? [], shared.get(`${table} ${chain}`) ?? [], tail);
  });
  yield* emit(sections);
  yield* emit(planJumps(saved));
  yield* planRemovals([...saved.nat.keys()].filter((chain) => isServiceChain(chain) && !wanted.has(chain)));
  yield* emit(planFixed(saved, fixed, "emptied"));
}

/**
 * The same restores, those that follow each other as one while it stays short: it runs one program instead of several, and its sections come into
 * force one after the other all the same.
 */
export function* joinRestores(restores: Iterable<string>): Generator<string> {
  let joined = "";
  let lines = 0;
  for (const restore of restores) {
    const more = restore.split("\n").length;
    if (joined !== "" && lines + more > chunkLines) {
      yield joined;
      joined = "";
      lines = 0;
    }
    joined += restore;
    lines += more;
  }
  if (joined !== "") yield joined;
}

function* emit(sections: readonly Section[]): Generator<string> {
  const text = sections.join("");
  if (text !== "") yield text;
}

/**
 * Makes missing shared chains and sets right those that hold fixed rules only. One that is to be empty and is not comes last: coming from
 * another mode, what is not replaced yet still counts on its rules (masquerading, before the userspace mode's sockets are led to).
 */
function planFixed(saved: Saved, fixed: FixedRules, which: "filled" | "emptied"): Section[] {
  return (Object.keys(fixed) as Table[]).map((table) => {
    const section = new Section(table);
    for (const [chain, rules] of fixed[table]) {
      const current = saved[table].get(chain);
      const isShared = sharedChains.some((shared) => shared.table === table && shared.chain === chain);
      const isEmptied = !isShared && rules.length === 0 && current !== undefined;
      if (isEmptied !== (which === "emptied")) continue;
      if (isShared ? current === undefined : !sameRules(current, rules)) section.replace(chain, isShared ? [] : rules);
    }
    return section;
  });
}

/** One shared chain: single rules where little differs, the whole chain otherwise. The order among service ports means nothing. */
function planShared(
  table: "filter" | "nat",
  chain: string,
  current: readonly Rule[],
  wanted: readonly Rule[],
  tail: readonly Rule[],
): Section {
  const section = new Section(table);
  const head = current.slice(0, current.length - tail.length);
  const missing = new Set(wanted);
  const surplus: Rule[] = [];
  for (const rule of head) if (!missing.delete(rule)) surplus.push(rule);
  const tailStands = sameRules(current.slice(head.length), tail);
  if (!tailStands || missing.size + surplus.length > singleRules)
    section.replace(chain, [...wanted.toSorted(byTargetBackwards), ...tail]);
  else {
    for (const rule of missing) add(section, { table, chain, rule });
    for (const rule of surplus) section.delete(chain, rule);
  }
  return section;
}

/**
 * iptables-nft keeps the chains that a restore speaks of in a sorted list, and looks for each one's place from the front: 10,000 rules in
 * this order take it a fifth of the time that they take at random (1.8.9).
 */
function byTargetBackwards(a: Rule, b: Rule): number {
  const [first, second] = [a, b].map((text) => text.slice(text.lastIndexOf(" ") + 1));
  return first! < second! ? 1 : first! > second! ? -1 : 0;
}

/** The jumps from builtin chains that are missing; whoever else has rules there keeps them. */
function planJumps(saved: Saved): Section[] {
  const sections = { filter: new Section("filter"), nat: new Section("nat"), mangle: new Section("mangle") };
  for (const { table, from, rule } of jumps)
    if (!saved[table].get(from)?.includes(rule)) sections[table].insert(from, rule);
  return Object.values(sections);
}

/** Who leads to others goes before them: firewall → external → service → endpoint chains. */
const removalOrder = [prefixes.firewall, prefixes.external, prefixes.cluster, prefixes.local, prefixes.endpoint];

function* planRemovals(stale: readonly string[]): Generator<string> {
  let nat = new Section("nat");
  for (const prefix of removalOrder)
    for (const chain of stale) {
      if (!chain.startsWith(prefix)) continue;
      nat.remove(chain);
      if (nat.lines < chunkLines) continue;
      yield nat.toString();
      nat = new Section("nat");
    }
  yield* emit([nat]);
}

/** The restores that take away everything of the proxy, ours or kube-proxy's. KUBE-FIREWALL is kubelet's too and stays. */
export function* planCleanup(saved: Saved): Generator<string> {
  const sections = { filter: new Section("filter"), nat: new Section("nat"), mangle: new Section("mangle") };
  const own = new Set<string>(Object.values(chains).filter((chain) => chain !== chains.firewall));
  for (const { table, from, rule } of jumps) {
    const leadsToOwn = !rule.endsWith(`-j ${chains.firewall}`);
    for (const found of saved[table].get(from) ?? [])
      if (leadsToOwn && found === rule) sections[table].delete(from, rule);
  }
  yield* emit(Object.values(sections));
  // Emptied in one go, so that none of them leads to a service port's chain any more.
  const emptied = (Object.keys(saved) as Table[]).map((table) => {
    const section = new Section(table);
    for (const chain of saved[table].keys()) if (own.has(chain)) section.replace(chain, []);
    return section;
  });
  yield* emit(emptied);
  yield* planRemovals([...saved.nat.keys()].filter(isServiceChain));
  const removed = (Object.keys(saved) as Table[]).map((table) => {
    const section = new Section(table);
    for (const chain of saved[table].keys()) if (own.has(chain)) section.remove(chain);
    return section;
  });
  yield* emit(removed);
}
