import { parseArgs } from "node:util";
import { nodePaths } from "../cluster/config.ts";
import { readClusterConfig } from "../cluster/config-file.ts";
import { programs } from "../cluster/pods/demo/programs/table.ts";
import { startDemoServer } from "../cluster/pods/demo/server.ts";
import { createLogger } from "../role/log.ts";

const usage = `Usage: fairway demo-server --config FILE --node NAME [--socket PATH]

Serves the demo containers of one node: one process, with sockets inside each Pod's network namespace. The node's agent tells it what to serve.
`;

/** Runs until SIGTERM or SIGINT, then lets answers under way finish. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      config: { type: "string" },
      node: { type: "string" },
      socket: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (values.config === undefined || values.node === undefined) {
    process.stderr.write(`fairway demo-server: --config and --node are needed\n\n${usage}`);
    return 2;
  }
  const config = await readClusterConfig(values.config);
  const log = createLogger("demo-server").child({ cluster: config.name, node: values.node });
  const server = await startDemoServer({ socketPath: values.socket ?? nodePaths.demoSocket, programs, log });
  await new Promise<void>((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
  await server.stop();
  return 0;
}
