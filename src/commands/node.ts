import type { Command } from "commander";
import { hostPaths } from "../cluster/config.ts";
import { exitWrongState } from "../cluster/supervisor/launcher.ts";
import { worldInit } from "../cluster/supervisor/leftovers.ts";
import { OptionError } from "../cluster/supervisor/option-error.ts";
import { checkNodeName } from "../cluster/supervisor/options.ts";
import { connectedOverview } from "../cluster/supervisor/overview-of.ts";
import { patient } from "../cluster/supervisor/patience.ts";
import type { ControlRequest, MachineStatus, WorldStatus } from "../cluster/supervisor/protocol.ts";
import { ask } from "../cluster/supervisor/session.ts";
import { table } from "../cluster/supervisor/table.ts";
import { isNotFound } from "../kubernetes/errors.ts";
import { createClient } from "../kubernetes/http-client.ts";
import { createHttpsTransport } from "../kubernetes/https-transport.ts";
import { loadKubeconfig } from "../kubernetes/kubeconfig.ts";
import { nodes } from "../kubernetes/resource.ts";
import { enterNamespaces } from "../linux/machine.ts";
import { isProxyMode, proxyModes } from "../serviceproxy/config/modes.ts";
import { become, command, runCommand, withName } from "./command-line.ts";
import { changeProxyModes } from "./node-proxy-mode.ts";
import { proxyMode } from "./proxy-mode.ts";

const help = `
Examples:
  fairway node exec node1 -- iptables-save -t nat   what its proxy has programmed
  fairway node exec node1                           a shell on it
  fairway node stop node2                           as if its power had failed
  fairway node proxy-mode nftables node1            its Services by nftables; traffic goes on
  fairway node proxy-mode nftables --all            node by node

Exit status: 0 done; 1 failed; 2 bad arguments; ${exitWrongState} the cluster is not up; of exec: the command's own.`;

/** Milliseconds: making or ending one machine. */
const patience = 30_000;

interface NodeFlags {
  name: string;
  json: boolean;
  /** Of `add`. */
  proxyMode?: string;
  /** Of `proxy-mode`. */
  all?: boolean;
}

export async function main(args: string[]): Promise<number> {
  let status = 0;
  const target = command("node", "List, add, remove, start and stop nodes, and run commands on them.")
    .addHelpText("after", help)
    .enablePositionalOptions();
  const add = (
    usage: string,
    description: string,
    action: (args: string[], name: string, json: boolean, flags: NodeFlags) => Promise<number>,
  ) => {
    const sub: Command = withName(target.command(usage).description(description));
    // What exec prints is the command's own.
    if (!usage.startsWith("exec")) sub.option("--json", "as JSON", false);
    sub.action(async () => {
      const flags = sub.opts<NodeFlags>();
      status = await action(sub.args, flags.name, flags.json, flags);
    });
    return sub;
  };
  add("list", "list the nodes", (_, cluster, json) => list(cluster, json));
  add(
    "add [node]",
    "add a node; without a name it gets the next free one",
    ([node], cluster, json, { proxyMode: mode }) => addNode(cluster, json, node, mode),
  ).option("--proxy-mode <mode>", `how its proxy serves Services: ${proxyModes.join(", ")}`, proxyMode);
  add("remove <node>", "remove a node for good, in the API too", ([node = ""], cluster, json) =>
    remove(cluster, node, json),
  );
  add("start <node>", "start a node that was stopped", ([node = ""], cluster, json) =>
    change(cluster, { op: "node-start", name: node }, json, { state: "running", text: `Node "${node}" runs.` }),
  );
  add("stop <node>", "end everything on a node at once, as a power failure does", ([node = ""], cluster, json) =>
    change(cluster, { op: "node-stop", name: node }, json, { state: "stopped", text: `Node "${node}" is stopped.` }),
  );
  add(
    "proxy-mode <mode> [node...]",
    `have nodes' proxies serve by ${proxyModes.join(", ")}, one node after the other`,
    async ([mode = "", ...named], cluster, json, { all = false }) => {
      if (all === named.length > 0) throw new OptionError("proxy-mode", "give the names of nodes, or --all");
      if (!isProxyMode(mode)) throw new OptionError("proxy-mode", `"${mode}" is none of ${proxyModes.join(", ")}`);
      return changeProxyModes(cluster, { mode, nodes: named.map(checkNodeName), all, json });
    },
  ).option("--all", "all nodes, and those that are added later", false);
  add(
    "exec <machine> [command...]",
    "run a command on a node (or control-plane); a shell without one",
    // "--" before the command is for the reader; it is no part of it.
    ([machine = "", ...rest], cluster) => exec(cluster, machine, rest[0] === "--" ? rest.slice(1) : rest),
  ).passThroughOptions();
  const result = await runCommand(target, args);
  return result === 0 ? status : result;
}

async function list(cluster: string, json: boolean): Promise<number> {
  const status = await ask<WorldStatus>(cluster, { op: "status" });
  const overview = await connectedOverview(status.kubeconfig);
  const known = "error" in overview ? [] : overview.nodes;
  const rows = status.nodes.map((node) => ({
    ...node,
    kubernetes: known.find(({ name }) => name === node.name)?.status ?? "unknown",
  }));
  const dualStack = rows.some(({ ipv6 }) => ipv6 !== undefined);
  const text = table(
    ["NAME", "ADDRESS", ...(dualStack ? ["IPV6"] : []), "MACHINE", "KUBERNETES", "PROXY"],
    rows.map(({ name, address, ipv6 = "", state, kubernetes, proxyMode = "" }) => {
      return [name, address, ...(dualStack ? [ipv6] : []), state, kubernetes, proxyMode];
    }),
  );
  process.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : `${text.join("\n")}\n`);
  return 0;
}

async function addNode(cluster: string, json: boolean, node?: string, mode?: string): Promise<number> {
  if (node !== undefined) checkNodeName(node);
  const name = await ask<string>(cluster, { op: "node-add", name: node, proxyMode: mode }, patient(patience));
  tell(name, json, { state: "running", text: `Node "${name}" runs and is joining the cluster.` });
  return 0;
}

/** What became of a node's machine, for programs and for people. */
interface Outcome {
  state: MachineStatus["state"] | "removed";
  text: string;
}

function tell(node: string, json: boolean, { state, text }: Outcome): void {
  process.stdout.write(json ? `${JSON.stringify({ node, state }, null, 2)}\n` : `${text}\n`);
}

async function change(
  cluster: string,
  request: Extract<ControlRequest, { op: "node-remove" | "node-start" | "node-stop" }>,
  json: boolean,
  outcome: Outcome,
): Promise<number> {
  await ask(cluster, request, patient(patience));
  tell(request.name, json, outcome);
  return 0;
}

async function remove(cluster: string, name: string, json: boolean): Promise<number> {
  const outcome: Outcome = { state: "removed", text: `Node "${name}" is gone.` };
  const code = await change(cluster, { op: "node-remove", name }, json, outcome);
  const client = createClient(createHttpsTransport(await loadKubeconfig(hostPaths(cluster).kubeconfig)));
  try {
    await client.delete(nodes, name);
  } catch (error) {
    if (!isNotFound(error))
      throw new Error(`its machine is gone, but not its Node object: ${(error as Error).message}`);
  } finally {
    await client.close();
  }
  return code;
}

/** This process becomes the command: its terminal, signals and exit status are the command's own. */
async function exec(cluster: string, name: string, rest: string[]): Promise<number> {
  const status = await ask<WorldStatus>(cluster, { op: "status" });
  const machines: MachineStatus[] = [...(status.controlPlane ? [status.controlPlane] : []), ...status.nodes];
  const machine = machines.find((candidate) => candidate.name === name);
  if (machine === undefined)
    throw new Error(`there is no node "${name}"; there are ${machines.map((candidate) => candidate.name).join(", ")}`);
  if (machine.pid === undefined)
    throw new Error(`node "${name}" is ${machine.state}; start it with: fairway node start ${name}`);
  const init = await worldInit(cluster);
  if (init === undefined) throw new Error(`cluster "${cluster}" has ended meanwhile`);
  const shell = process.env.SHELL ?? "/bin/sh";
  // The world has process ids of its own; its /proc, seen through its init, knows them.
  return become(enterNamespaces(machine.pid, rest.length > 0 ? rest : [shell], `/proc/${init}/root/proc`));
}
