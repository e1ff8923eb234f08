/**
 * A real cluster for a test file: `fairway up --detach` in the make-believe host that `npm test` made (a network namespace with loopback
 * only, a private /run). One cluster per file, torn down by `stop`.
 */
import { request } from "node:http";
import { fileURLToPath } from "node:url";
import { hostPaths } from "../../src/cluster/config.ts";
import { run } from "../../src/linux/command.ts";
import { slowness } from "./patience.ts";

const fairwayCommand = fileURLToPath(new URL("../../bin/fairway", import.meta.url));
export const exampleManifest = fileURLToPath(new URL("../../examples/nodeport.yaml", import.meta.url));

/** For a command of Fairway, in milliseconds. */
const patience = 120_000 * slowness;

export interface TestCluster {
  name: string;
  kubeconfig: string;
  /** What `fairway up` wrote to stderr. */
  boot: string;
  /** Runs the real kubectl; resolves to its standard output, rejects with what it wrote to stderr. */
  kubectl(...args: string[]): Promise<string>;
  kubectlWithInput(input: string, ...args: string[]): Promise<string>;
  /** Runs bin/fairway with this cluster's --name. */
  fairway(...args: string[]): Promise<string>;
  /** Runs a command on a node. */
  onNode(node: string, ...command: string[]): Promise<string>;
  /** `ipv6` in a dual-stack cluster. */
  nodes(): Promise<{ name: string; address: string; ipv6?: string }[]>;
  stop(): Promise<void>;
}

/** Boots and waits until what `-f` asked for is there. */
export async function startCluster(name: string, ...args: string[]): Promise<TestCluster> {
  const { kubeconfig } = hostPaths(name);
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  const fairway = (command: string, ...rest: string[]) =>
    run(fairwayCommand, [command, ...rest], { env, timeout: patience });
  const up = [fairwayCommand, "up", "--detach", "--name", name, ...args];
  // What it says is wanted when it works, too.
  const tellTwice = 'said=$("$@" 2>&1 >/dev/null); status=$?; echo "$said"; echo "$said" >&2; exit $status';
  const boot = await run("sh", ["-c", tellTwice, "sh", ...up], { env, timeout: patience });
  return {
    name,
    kubeconfig,
    boot,
    kubectl: (...rest) => run("kubectl", rest, { env, timeout: 90_000 }),
    kubectlWithInput: (input, ...rest) => run("kubectl", rest, { env, input, timeout: 90_000 }),
    fairway: (command = "", ...rest) => fairway(command, ...rest, "--name", name),
    onNode: (node, ...command) => fairway("node", "exec", "--name", name, node, "--", ...command),
    async nodes() {
      const path = '{range .items[*]}{.metadata.name}={.status.addresses[?(@.type=="InternalIP")].address}{"\\n"}{end}';
      const listed = await run("kubectl", ["get", "nodes", "-o", `jsonpath=${path}`], { env });
      return listed
        .trim()
        .split("\n")
        .map((line) => {
          const [node = "", addresses = ""] = line.split("=");
          const [address = "", ipv6] = addresses.split(" ");
          return { name: node, address, ...(ipv6 && { ipv6 }) };
        });
    },
    async stop() {
      await fairway("down", "--name", name);
    },
  };
}

export interface Answer {
  status: number;
  body: string;
  headers: Record<string, string | string[] | undefined>;
}

/** One HTTP request on a connection of its own, so that every request is balanced anew. Rejects after `timeout` ms. */
export function get(url: string, timeout = 2_000): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, headers: { connection: "close" } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () =>
        resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString(), headers: answer.headers }),
      );
      answer.on("error", reject);
    });
    const timer = setTimeout(() => asked.destroy(new Error(`${url}: no answer within ${timeout} ms`)), timeout);
    asked.on("error", reject);
    asked.on("close", () => clearTimeout(timer));
    asked.end();
  });
}

/** Tries until `probe` resolves to something else than undefined, at most `seconds`; then rejects with what failed last. */
export async function eventually<T>(what: string, seconds: number, probe: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + seconds * 1000;
  let last: unknown;
  do {
    try {
      const value = await probe();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  } while (Date.now() < end);
  throw new Error(`${what}: not within ${seconds} s${last ? `; last: ${last}` : ""}`, { cause: last });
}
