import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { run } from "../../src/linux/command.ts";
import type { Outcome } from "./probe.ts";

/** A network namespace with a process in it that serves and asks. */
export class Host {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (result: string) => void>();
  #last = 0;

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    child.on("message", ({ id, result }: { id: number; result: string }) => this.#waiting.get(id)?.(result));
  }

  /** A new namespace. */
  static async create(name: string): Promise<Host> {
    const host = await Host.#start(name, ["unshare", "--net"]);
    await host.ip("link set lo up");
    return host;
  }
  /** A process in the namespace that the test itself is in. */
  static inThisNamespace(name: string): Promise<Host> {
    return Host.#start(name, ["env"]);
  }

  static async #start(name: string, wrapper: string[]): Promise<Host> {
    const probe = fileURLToPath(new URL("probe.ts", import.meta.url));
    const [program = "", ...args] = [...wrapper, process.execPath, probe];
    const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const host = new Host(name, child);
    const ready = new Promise<string>((resolve) => host.#waiting.set(0, resolve));
    const gone = once(child, "exit").then(() => "gone");
    if ((await Promise.race([ready, gone])) === "gone") throw new Error(`${program} failed; are you root?`);
    return host;
  }

  get pid(): number {
    return this.#child.pid!;
  }
  /** Runs `ip` commands inside. */
  async ip(...commands: string[]): Promise<void> {
    await run("nsenter", [`--net=/proc/${this.pid}/ns/net`, "ip", "-batch", "-"], {
      input: `${commands.join("\n")}\n`,
    });
  }
  async sysctl(name: string, value: string): Promise<void> {
    const script = `echo ${value} >/proc/sys/net/${name}`;
    await run("nsenter", [`--net=/proc/${this.pid}/ns/net`, "sh", "-c", script]);
  }
  remove(): void {
    this.#child.kill("SIGKILL");
  }

  /** One of probe.ts's operations. */
  #do(operation: string, ...args: (string | number)[]): Promise<Outcome> {
    const id = ++this.#last;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#waiting.set(id, resolve);
    this.#child.send({ id, operation, args: args.map(String) });
    return promise.finally(() => this.#waiting.delete(id));
  }
  /** Answers with a name, the host's own by default. */
  serveTcp(address: string, port: number, name = this.name): Promise<Outcome> {
    return this.#do("serveTcp", name, address, port);
  }
  serveUdp(address: string, port: number, name = this.name): Promise<Outcome> {
    return this.#do("serveUdp", name, address, port);
  }
  serveSctp(address: string, port: number, name = this.name): Promise<Outcome> {
    return this.#do("serveSctp", name, address, port);
  }
  /** "NAME CLIENT-ADDRESS" of who answered, an error code such as ECONNREFUSED, or "silence". */
  askTcp(host: string, port: number, ...localAddress: string[]): Promise<Outcome> {
    return this.#do("askTcp", host, port, ...localAddress);
  }
  askUdp(host: string, port: number, from: number, ...localAddress: string[]): Promise<Outcome> {
    return this.#do("askUdp", host, port, from, ...localAddress);
  }
  askSctp(host: string, port: number, localAddress: string): Promise<Outcome> {
    return this.#do("askSctp", host, port, localAddress);
  }
  open(key: string, host: string, port: number): Promise<Outcome> {
    return this.#do("open", key, host, port);
  }
  say(key: string, line: string): Promise<Outcome> {
    return this.#do("say", key, line);
  }
}

/**
 * The node is the network namespace of the test's own process; around it:
 *
 *     pod "a" 10.32.0.3 ──┐
 *     pod "b" 10.32.0.5 ──┤ node 198.18.0.10 ──┐
 *     pod "client" .0.9 ──┘                    ├── fabric ── outside 198.18.0.1
 *                   other 198.18.0.11 ─────────┘
 *                   (and pod "c" 10.32.4.7, an address of its own)
 */
export interface Topology {
  pods: { a: Host; b: Host; client: Host };
  /** The other node with a Pod on it. */
  other: Host;
  outside: Host;
  remove(): void;
}

export const addresses = {
  node: "198.18.0.10",
  other: "198.18.0.11",
  outside: "198.18.0.1",
  a: "10.32.0.3",
  b: "10.32.0.5",
  client: "10.32.0.9",
  c: "10.32.4.7",
} as const;

export async function createTopology(): Promise<Topology> {
  const names = ["fabric", "other", "outside", "a", "b", "client"] as const;
  const [fabric, other, outside, a, b, client] = await Promise.all(names.map((name) => Host.create(name)));
  const hosts = [fabric!, other!, outside!, a!, b!, client!];
  const node = async (...commands: string[]) => {
    await run("ip", ["-batch", "-"], { input: `${commands.join("\n")}\n` });
  };
  await fabric!.ip("link add br0 type bridge", "link set br0 up");
  await node(
    "link set lo up",
    `link add eth0 type veth peer name node netns ${fabric!.pid}`,
    `addr add ${addresses.node}/24 dev eth0`,
    "link set eth0 up",
    `route add ${addresses.c}/32 via ${addresses.other}`,
    // Everything that is no Pod and no node is outside.
    `route add default via ${addresses.outside}`,
  );
  await fabric!.ip("link set node master br0 up");
  for (const host of [other!, outside!]) {
    await host.ip(`link add eth0 type veth peer name ${host.name} netns ${fabric!.pid}`, "link set eth0 up");
    await host.ip(`addr add ${addresses[host.name as "other" | "outside"]}/24 dev eth0`);
    await fabric!.ip(`link set ${host.name} master br0 up`);
  }
  await other!.ip(`addr add ${addresses.c}/32 dev lo`, `route add 10.32.0.0/22 via ${addresses.node}`);
  // Pods and Services are behind the node.
  await outside!.ip(`route add 10.0.0.0/8 via ${addresses.node}`, `route add 192.0.2.0/24 via ${addresses.node}`);
  for (const pod of [a!, b!, client!]) {
    const address = addresses[pod.name as "a" | "b" | "client"];
    await node(
      `link add pod-${pod.name} type veth peer name eth0 netns ${pod.pid}`,
      `addr add 169.254.1.1/32 dev pod-${pod.name}`,
      `link set pod-${pod.name} up`,
      `route add ${address}/32 dev pod-${pod.name}`,
    );
    await pod.ip(
      `addr add ${address}/32 dev eth0`,
      "link set eth0 up",
      "route add 169.254.1.1/32 dev eth0",
      "route add default via 169.254.1.1",
    );
  }
  for (const setting of [
    "ip_forward=1",
    "conf/all/rp_filter=0",
    "conf/default/rp_filter=0",
    "conf/all/send_redirects=0",
  ]) {
    const [name, value] = setting.split("=");
    await run("sh", ["-c", `echo ${value} >/proc/sys/net/ipv4/${name}`]);
  }
  return {
    pods: { a: a!, b: b!, client: client! },
    other: other!,
    outside: outside!,
    remove() {
      for (const host of hosts) host.remove();
    },
  };
}
