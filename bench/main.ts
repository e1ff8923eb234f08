/** npm run bench -- NAME. Every figure comes from this run on this machine; published figures of peers are marked as such. */
interface Benchmark {
  does: string;
  /** What may follow its name; "help" when it explains itself. */
  takes: "" | "[PODS]" | "help";
  load(): Promise<{ main(args: string[]): Promise<void> }>;
}

const benchmarks: Record<string, Benchmark> = {
  boot: {
    does: "npm start to the first HTTP 200 through a NodePort; memory of the cluster",
    takes: "",
    load: () => import("./boot.ts"),
  },
  ipvs: {
    does: "the ipvs mode's syncs beside nftables', in the virtual machine; options as those of proxy",
    takes: "help",
    load: () => import("./ipvs.ts"),
  },
  proxy: {
    does: "the service proxy: syncs, changes, memory, traffic in each mode, beside a real kube-proxy where there is one",
    takes: "help",
    load: () => import("./proxy/main.ts"),
  },
  scale: {
    does: "many demo Pods (1000) behind one Service: time until all answer, memory",
    takes: "[PODS]",
    load: () => import("./scale.ts"),
  },
  userspace: {
    does: "the userspace mode's relay beside HAProxy, on one core each: requests and new connections a second",
    takes: "",
    load: () => import("./userspace.ts"),
  },
};

const [name = "", ...args] = process.argv.slice(2);
const benchmark = Object.hasOwn(benchmarks, name) ? benchmarks[name] : undefined;
if (benchmark === undefined) {
  const lines = Object.entries(benchmarks).map(([key, { does }]) => `  ${key.padEnd(9)} ${does}`);
  process.stdout.write(`Usage: npm run bench -- NAME [OPTIONS]\n\n${lines.join("\n")}\n`);
  process.exitCode = name === "" || name === "--help" ? 0 : 2;
} else if (benchmark.takes !== "help" && args.some((word) => word === "--help" || word === "-h")) {
  process.stdout.write(
    `Usage: ${["npm run bench --", name, benchmark.takes].join(" ").trim()}\n\nMeasures ${benchmark.does}.\n`,
  );
} else {
  await (await benchmark.load()).main(args);
}
