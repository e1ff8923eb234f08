/** The figures as tables for a terminal of 80 columns. */
import { digits, formatTable, type Quantiles } from "../figures.ts";
import { formatSize } from "./objects.ts";
import type { ProcessFigures } from "./processes.ts";
import type { Report } from "./report.ts";
import type { PathFigures } from "./traffic.ts";

const both = ({ p50, p99 }: Quantiles) => `${digits(p50)} / ${digits(p99)}`;
const seconds = (milliseconds: number) => digits(milliseconds / 1000);

export function syncTable(measured: NonNullable<Report["sync"]>): string {
  const head = ["sync", "cold", "CPU", "endpoint", "Service", "CPU", "restart", "MB"];
  const rows: string[][] = [];
  const failed: string[] = [];
  for (const { mode, size, figures } of measured) {
    const name = `${mode} ${formatSize(size)}`;
    if ("failed" in figures) failed.push(`${name}: ${figures.failed}\n`);
    else {
      const { cold, coldCpu, endpointChanged, serviceAdded, restart, memory } = figures;
      rows.push([
        name,
        seconds(cold),
        seconds(coldCpu),
        both(endpointChanged),
        both(serviceAdded),
        digits(endpointChanged.cpu),
        seconds(restart),
        memory.toFixed(0),
      ]);
    }
  }
  const legend = `cold: from filled caches to the last acknowledgement, restart: on what the
kernel has already; seconds. One endpoint changed, one Service added: from the
bytes of the events to the acknowledgement; milliseconds, p50 / p99. CPU: of the
cold sync (s), and of a changed endpoint with all that follows (ms). MB: PSS of
the process. Sizes are Services x endpoints of each.`;
  return `${formatTable(head, rows)}${failed.join("")}${legend}\n`;
}

export function trafficTable(measured: NonNullable<Report["traffic"]>): string {
  if ("failed" in measured) return `traffic: ${measured.failed}\n`;
  const counts = new Set(measured.map(({ services }) => services));
  const tables = [...counts].map((count) => oneTrafficTable(measured.filter(({ services }) => services === count)));
  const legend = `Through one of so many Services, and the same server directly. From connect(2)
to the connection, and to the first byte of an answer: milliseconds, p50 / p99,
one after the other. new/s: connections with one request each, requests/s: over
connections that stay, 64 at a time. Gbit/s: one stream.`;
  return `${tables.join("\n")}${legend}\n`;
}

function oneTrafficTable(measured: Extract<NonNullable<Report["traffic"]>, unknown[]>): string {
  const head = [`${measured[0]!.services} Services`, "connect", "answer", "new/s", "requests/s", "Gbit/s"];
  const rows: string[][] = [];
  const failed: string[] = [];
  const row = (name: string, { connect, answer, connections, requests, stream }: PathFigures, direct?: PathFigures) => {
    const share = (figure: number, of: number | undefined) =>
      of === undefined ? digits(figure) : `${digits(figure)} (${Math.round((100 * figure) / of)}%)`;
    const rates = [
      share(connections, direct?.connections),
      share(requests, direct?.requests),
      share(stream, direct?.stream),
    ];
    rows.push([name, both(connect), both(answer), ...rates]);
  };
  for (const { mode, figures } of measured) {
    if ("failed" in figures) failed.push(`${mode}: ${figures.failed}\n`);
    else {
      row(mode, figures.service, figures.direct);
      row("  direct", figures.direct);
    }
  }
  return formatTable(head, rows) + failed.join("");
}

export function processTable(measured: NonNullable<Report["processes"]>, isCompared: boolean): string {
  const tables = measured.map(({ size, figures }) => {
    if ("failed" in figures) return `processes ${formatSize(size)}: ${figures.failed}\n`;
    const head = [`processes ${formatSize(size)}`, "cold", "CPU", "endpoint", "Service", "CPU", "MB"];
    const rows = figures.flatMap((one) => {
      const own = figures.find(({ proxy, mode }) => proxy === "fairway" && mode === one.mode)!;
      return one === own ? [processRow(one)] : [processRow(one), ratioRow(one, own)];
    });
    return formatTable(head, rows);
  });
  const hint = isCompared ? "" : "KUBE_PROXY_BIN=FILE has a kube-proxy measured beside.\n";
  const legend = `cold: from the start of the process to the last commit of its first sync;
seconds. One endpoint changed, one Service added: from the API write to the
kernel's commit; milliseconds, p50 / p99. CPU: processor time of the proxy, for
the start (s) and for one change (ms). MB: PSS.`;
  return `${tables.join("\n")}${legend}\n${hint}`;
}

function processRow(figures: ProcessFigures): string[] {
  const { proxy, mode, cold, coldCpu, endpointChanged, serviceAdded, changeCpu, memory } = figures;
  return [
    `${proxy} ${mode}`,
    seconds(cold),
    seconds(coldCpu),
    both(endpointChanged),
    both(serviceAdded),
    digits(changeCpu),
    memory.toFixed(0),
  ];
}

/** How many times as much the peer needs. */
function ratioRow(peer: ProcessFigures, own: ProcessFigures): string[] {
  const times = (figure: (of: ProcessFigures) => number) => `x ${digits(figure(peer) / figure(own))}`;
  return [
    "  to Fairway's",
    times(({ cold }) => cold),
    times(({ coldCpu }) => coldCpu),
    times(({ endpointChanged }) => endpointChanged.p50),
    times(({ serviceAdded }) => serviceAdded.p50),
    times(({ changeCpu }) => changeCpu),
    times(({ memory }) => memory),
  ];
}
