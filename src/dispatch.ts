/** The command line: one table of commands. A command's module is loaded only when it is called; long-running roles stay lean by it. */

export interface Command {
  /** Parses the arguments after the command's name and resolves to the process's exit status. */
  main(args: string[]): Promise<number>;
  /**
   * The process ends with `main`, and the kernel frees what it held. Node 26.10 takes a process apart handle by handle otherwise, and can
   * spin there for ever (CleanupHandles) when it used hundreds of sockets.
   */
  endsAtOnce?: boolean;
}

const commands: Record<string, { summary: string; hidden?: boolean; load: () => Promise<Command> }> = {
  up: {
    summary: "bring up a cluster of network namespaces on this machine",
    load: () => import("./commands/up.ts"),
  },
  down: {
    summary: "take a cluster away",
    load: () => import("./commands/down.ts"),
  },
  status: {
    summary: "show the machines, processes and objects of a cluster",
    load: () => import("./commands/status.ts"),
  },
  kubeconfig: {
    summary: "print the administrator's kubeconfig",
    load: () => import("./commands/kubeconfig.ts"),
  },
  node: {
    summary: "list, add, remove, start and stop nodes; run commands on them",
    load: () => import("./commands/node.ts"),
  },
  version: {
    summary: "print the version (--version)",
    load: () => import("./commands/version.ts"),
  },
  supervisor: {
    summary: "keep the machines and processes of one cluster",
    hidden: true,
    load: () => import("./commands/supervisor.ts"),
  },
  settle: {
    summary: "apply manifests and wait until the cluster has settled",
    hidden: true,
    load: () => import("./commands/settle.ts"),
  },
  apiserver: {
    summary: "serve the API of a cluster",
    hidden: true,
    load: () => import("./commands/apiserver.ts"),
  },
  proxy: {
    summary: "serve a cluster's Services on this node, in kube-proxy's place",
    load: async () => {
      const { holdYoungGeneration } = await import("./role/heap.ts");
      // It sets a flag of V8, and V8 takes compiled code of an earlier run only under the flags that it was kept under.
      holdYoungGeneration();
      return import("./commands/proxy.ts");
    },
  },
  agent: { summary: "run the Pods of one node", hidden: true, load: () => import("./commands/agent.ts") },
  "demo-server": {
    summary: "serve the demo containers of one node",
    hidden: true,
    load: () => import("./commands/demo-server.ts"),
  },
};

/** Runs the command that the arguments begin with; resolves to the exit status of the process. */
export async function dispatch([name = "", ...args]: string[]): Promise<number> {
  const key = name === "--version" ? "version" : name;
  // Of the table itself: "constructor" is a property of every object.
  if (Object.hasOwn(commands, key)) {
    const { main, endsAtOnce } = await commands[key]!.load();
    const status = await main(args);
    if (endsAtOnce) process.exit(status);
    return status;
  }
  const listed = Object.entries(commands).filter(([, { hidden }]) => !hidden);
  const width = Math.max(0, ...listed.map(([key]) => key.length));
  const help = listed.map(([key, { summary }]) => `  ${key.padEnd(width)}  ${summary}`).join("\n");
  const wanted = ["", "help", "-h", "--help"].includes(name);
  const text = `${wanted ? "" : `fairway: unknown command "${name}"\n\n`}Usage: fairway COMMAND [OPTIONS]\n\nCommands:\n${help}\n\nfairway COMMAND --help tells more of each.\n`;
  (wanted ? process.stdout : process.stderr).write(text);
  return wanted ? 0 : 2;
}
