import type { Command } from "commander";
import { hostPaths } from "../cluster/config.ts";
import { exitWrongState } from "../cluster/supervisor/launcher.ts";
import { worldInit } from "../cluster/supervisor/leftovers.ts";
import { checkNodeName } from "../cluster/supervisor/options.ts";
import { connectedOverview } from "../cluster/supervisor/overview-of.ts";
import type { ControlRequest, MachineStatus, WorldStatus } from "../cluster/supervisor/protocol.ts";
import { ask } from "../cluster/supervisor/session.ts";
import { table } from "../cluster/supervisor/table.ts";
import { isNotFound } from "../kubernetes/errors.ts";
import { createClient } from "../kubernetes/http-client.ts";
import { createHttpsTransport } from "../kubernetes/https-transport.ts";
import { loadKubeconfig } from "../kubernetes/kubeconfig.ts";
import { nodes } from "../kubernetes/resource.ts";
import { enterNamespaces } from "../linux/machine.ts";
import { become, command, runCommand, withName } from "./command-line.ts";

const help = `
Examples:
  fairway node exec node1 -- iptables-save -t nat   what its proxy has programmed
  fairway node exec node1                           a shell on it
  fairway node stop node2                           as if its power had failed

Exit status: 0 done; 1 failed; 2 bad arguments; ${exitWrongState} the cluster is not up; of exec: the command's own.`;

/** Milliseconds: making or ending one machine. */
const patience = 30_000;

export async function main(args: string[]): Promise<number> {
  let status = 0;
  const target = command("node", "List, add, remove, start and stop nodes, and run commands on them.")
    .addHelpText("after", help)
    .enablePositionalOptions();
  const add = (
    usage: string,
    description: string,
    action: (args: string[], name: string, json: boolean) => Promise<number>,
  ) => {
    const sub: Command = withName(target.command(usage).description(description)).option("--json", "as JSON", false);
    sub.action(async () => {
      const { name, json } = sub.opts<{ name: string; json: boolean }>();
      status = await action(sub.args, name, json);
    });
    return sub;
  };
  add("list", "list the nodes", (_, cluster, json) => list(cluster, json));
  add("add [node]", "add a node; without a name it gets the next free one", ([node], cluster) =>
    addNode(cluster, node),
  );
  add("remove <node>", "remove a node for good, in the API too", ([node = ""], cluster) => remove(cluster, node));
  add("start <node>", "start a node that was stopped", ([node = ""], cluster) =>
    change(cluster, { op: "node-start", name: node }, `Node "${node}" runs.`),
  );
  add("stop <node>", "end everything on a node at once, as a power failure does", ([node = ""], cluster) =>
    change(cluster, { op: "node-stop", name: node }, `Node "${node}" is stopped.`),
  );
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
  const text = table(
    ["NAME", "ADDRESS", "MACHINE", "KUBERNETES"],
    rows.map(({ name, address, state, kubernetes }) => [name, address, state, kubernetes]),
  );
  process.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : `${text.join("\n")}\n`);
  return 0;
}

async function addNode(cluster: string, node: string | undefined): Promise<number> {
  if (node !== undefined) checkNodeName(node);
  const name = await ask<string>(cluster, { op: "node-add", name: node }, patience);
  process.stdout.write(`Node "${name}" runs and is joining the cluster.\n`);
  return 0;
}

async function change(cluster: string, request: ControlRequest, done: string): Promise<number> {
  await ask(cluster, request, patience);
  process.stdout.write(`${done}\n`);
  return 0;
}

async function remove(cluster: string, name: string): Promise<number> {
  const code = await change(cluster, { op: "node-remove", name }, `Node "${name}" is gone.`);
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
