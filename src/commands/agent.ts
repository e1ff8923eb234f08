import { parseArgs } from "node:util";
import { startAgent } from "../cluster/agent/agent.ts";
import { readClusterConfig } from "../cluster/config-file.ts";
import { createLogger } from "../role/log.ts";

const usage = `Usage: fairway agent --config FILE --node NAME

Runs the Pods of one node, inside of that node's namespaces: registers the node, follows the Pods bound to it, answers logs and exec.
`;

/** Runs until SIGTERM or SIGINT. The Pods go on without it. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { config: { type: "string" }, node: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  if (values.config === undefined || values.node === undefined) {
    process.stderr.write(`fairway agent: --config and --node are needed\n\n${usage}`);
    return 2;
  }
  const config = await readClusterConfig(values.config);
  // What is made for containers must be readable by their users, whatever the agent was started with.
  process.umask(0o022);
  const log = createLogger("agent").child({ cluster: config.name, node: values.node });
  const agent = await startAgent({ config, node: values.node, log });
  await new Promise<void>((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
  await agent.stop();
  return 0;
}
