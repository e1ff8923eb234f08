import { type FSWatcher, watch } from "node:fs";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { Batcher } from "./batcher.ts";
import {
  hasStarted,
  readExit,
  readLeftContainer,
  readStartError,
  removeContainerFiles,
  type Verdict,
} from "./container-files.ts";
import type { ContainerExit, ContainerSpec } from "./container-spec.ts";
import { readIfThere, writeFileAtomically } from "./files.ts";
import { type NodePaths, podPaths } from "./node-paths.ts";
import { isContainerProcess } from "./process.ts";
import { initScript, lateRootScript, type RootOptions } from "./rootfs.ts";
import { quote, runScript } from "./script.ts";
import { shimScript } from "./shim.ts";
import { ensureTemplate } from "./template.ts";

/** A container that was started at some time and is not removed yet. */
export interface Container {
  readonly spec: ContainerSpec;
  /** Process id of its PID 1, as the node sees it; stays after the end. */
  readonly pid: number;
  readonly startedAt: Date;
  /** Set once it has ended. */
  exit?: ContainerExit;
}

/** How often to look at processes themselves, for what no watch told. Milliseconds. */
const sweepInterval = 5_000;
const startTimeout = 30_000;

/**
 * The containers of one node. What it knows is on disk and in the kernel; a new instance finds it all again. Everything
 * it starts lives on without it.
 */
export class ContainerRuntime {
  readonly paths: NodePaths;
  readonly #options: RootOptions;
  readonly #containers = new Map<string, Container>();
  readonly #verdicts = new Map<string, Verdict>();
  readonly #starting = new Map<string, { spec: ContainerSpec; resolve: () => void }>();
  readonly #listeners = new Set<(container: Container) => void>();
  readonly #roots = new Map<string, Promise<void>>();
  readonly #launches: Batcher<ContainerSpec, undefined>;
  #template: number | undefined;
  #templateAtOpen: Promise<void> | undefined;
  #watcher?: FSWatcher;
  #sweeper?: NodeJS.Timeout;

  constructor(root: string, options: RootOptions) {
    this.paths = podPaths(root);
    this.#options = options;
    this.#launches = new Batcher((specs) => this.#launch(specs));
  }

  /** Makes the directories, adopts the containers of an earlier life and begins to watch. Call once, before anything else. */
  async open(): Promise<void> {
    const { paths } = this;
    for (const directory of [paths.pods, paths.containers, paths.state, paths.logs])
      await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFileAtomically(paths.shim, shimScript(paths.root));
    // Nobody waits for it before a container is to start, and that is told what went wrong.
    this.#templateAtOpen = this.#makeTemplate().catch(() => {});
    this.#watcher = watch(paths.state, (_, name) => {
      if (name !== null) this.#noticed(name);
    });
    // Losing the watch (out of inotify memory) costs seconds, not correctness.
    this.#watcher.on("error", () => {});
    for (const id of await readdir(paths.containers)) await this.#adopt(id);
    this.#sweeper = setInterval(() => void this.#sweep(), sweepInterval);
  }

  close(): void {
    this.#watcher?.close();
    clearInterval(this.#sweeper);
  }

  get(id: string): Container | undefined {
    return this.#containers.get(id);
  }

  list(): Container[] {
    return [...this.#containers.values()];
  }

  /** Called once for each container that ends. */
  onExit(listener: (container: Container) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  verdict(id: string): Verdict | undefined {
    return this.#verdicts.get(id);
  }

  /** Starts a container; resolves when its PID 1 is there and about to become the program. It may have ended by then. */
  async start(spec: ContainerSpec): Promise<Container> {
    const { paths } = this;
    await mkdir(paths.container(spec.id), { mode: 0o700 });
    await writeFile(paths.init(spec.id), initScript(spec, paths, this.#options), { mode: 0o600 });
    // Written last: a directory without it is a start that never happened.
    await writeFileAtomically(paths.spec(spec.id), JSON.stringify(spec));
    const started = new Promise<void>((resolve) => this.#starting.set(spec.id, { spec, resolve }));
    try {
      await this.#launches.add(spec);
      const aborter = new AbortController();
      await Promise.race([started, this.#pollForStart(spec, aborter.signal)]);
      aborter.abort();
    } finally {
      this.#starting.delete(spec.id);
    }
    const pid = Number(await readFile(paths.pid(spec.id), "utf8"));
    const container: Container = { spec, pid, startedAt: (await stat(paths.pid(spec.id))).mtime };
    this.#containers.set(spec.id, container);
    await this.#readExit(spec.id);
    return container;
  }

  /** Sends a signal to a container's PID 1. KILL ends the whole container; what has ended is left alone. */
  async signal(container: Container, signal: NodeJS.Signals, verdict?: Verdict): Promise<void> {
    if (container.exit !== undefined) return;
    if (verdict !== undefined) {
      this.#verdicts.set(container.spec.id, verdict);
      await writeFileAtomically(this.paths.verdict(container.spec.id), JSON.stringify(verdict));
    }
    if (await isContainerProcess(container.pid)) process.kill(container.pid, signal);
    else await this.#sweepOne(container);
  }

  /** Forgets a container that has ended, with its log. */
  async remove(id: string): Promise<void> {
    this.#containers.delete(id);
    this.#verdicts.delete(id);
    this.#roots.delete(id);
    await removeContainerFiles(this.paths, id);
  }

  /** Makes sure that a running container has its own root file system; a demo container gets it only when somebody enters. */
  ensureRoot(container: Container): Promise<void> {
    const { spec } = container;
    if (spec.launch.kind === "process") return Promise.resolve();
    let ready = this.#roots.get(spec.id);
    if (ready === undefined) {
      ready = this.#makeRoot(container);
      this.#roots.set(spec.id, ready);
      ready.catch(() => this.#roots.delete(spec.id));
    }
    return ready;
  }

  async #makeRoot({ spec, pid }: Container): Promise<void> {
    const script = this.paths.lateRoot(spec.id);
    if ((await readIfThere(this.paths.rooted(spec.id))) !== undefined) return;
    await writeFile(script, lateRootScript(spec, this.paths, this.#options), { mode: 0o600 });
    const enter = `nsenter --target ${pid} --mount --uts --ipc --pid --net sh ${quote(script)} </dev/null`;
    const output = await runScript(`${enter} 2>&1 || echo "failed"\n`);
    if (output.includes("failed")) throw new Error(`cannot make the root of container ${spec.name}: ${output.trim()}`);
  }

  async #makeTemplate(): Promise<void> {
    this.#template = await ensureTemplate(this.paths, this.#template);
  }

  async #launch(specs: ContainerSpec[]): Promise<undefined[]> {
    const { paths } = this;
    await this.#templateAtOpen;
    await this.#makeTemplate();
    const lines = specs.map((spec) => {
      const enter = spec.networkNamespace === undefined ? "" : `nsenter --net=${quote(spec.networkNamespace)} `;
      return `${enter}unshare --pid sh ${paths.shim} ${spec.id} ${this.#template} </dev/null >/dev/null 2>&1 &\n`;
    });
    await runScript(lines.join(""));
    return specs.map(() => undefined);
  }

  async #pollForStart(spec: ContainerSpec, signal: AbortSignal): Promise<void> {
    const deadline = Date.now() + startTimeout;
    while (!signal.aborted && Date.now() < deadline) {
      if (await hasStarted(this.paths, spec)) return;
      await sleep(250, undefined, { signal }).catch(() => {});
    }
    if (!signal.aborted) throw new Error(`the container's process did not appear within ${startTimeout} ms`);
  }

  #noticed(name: string): void {
    const dot = name.indexOf(".");
    const id = name.slice(0, dot);
    const starting = this.#starting.get(id);
    if (starting !== undefined)
      void hasStarted(this.paths, starting.spec).then((started) => {
        if (started) starting.resolve();
      });
    else if (name.endsWith(".exit")) void this.#readExit(id);
  }

  /** Takes over what the shim wrote, if it has written all of it. */
  async #readExit(id: string): Promise<void> {
    const container = this.#containers.get(id);
    if (container === undefined || container.exit !== undefined) return;
    const exit = await readExit(this.paths, id);
    if (exit !== undefined) await this.#ended(container, exit);
  }

  async #ended(container: Container, exit: ContainerExit): Promise<void> {
    const { id } = container.spec;
    const failure = await readStartError(this.paths, id);
    if (container.exit !== undefined) return;
    const { blameless: _, ...verdict } = this.#verdicts.get(id) ?? {};
    const start = failure !== undefined ? { reason: "StartError", message: failure } : {};
    container.exit = { ...exit, ...start, ...verdict };
    for (const listener of this.#listeners) listener(container);
  }

  async #adopt(id: string): Promise<void> {
    const left = await readLeftContainer(this.paths, id);
    if (left === undefined) {
      await this.remove(id);
      return;
    }
    const { verdict, ...found } = left;
    const container: Container = found;
    if (verdict !== undefined) this.#verdicts.set(id, verdict);
    this.#containers.set(id, container);
    await this.#readExit(id);
    if (container.exit === undefined) await this.#sweepOne(container);
  }

  async #sweep(): Promise<void> {
    for (const container of this.#containers.values())
      if (container.exit === undefined) await this.#sweepOne(container);
  }

  /** A process that is gone without a word: its shim was killed as well. */
  async #sweepOne(container: Container): Promise<void> {
    if (await isContainerProcess(container.pid)) return;
    await this.#readExit(container.spec.id);
    // The shim writes right after its child's end; give it that moment.
    for (let tries = 0; tries < 20 && container.exit === undefined; tries += 1) {
      await sleep(50);
      await this.#readExit(container.spec.id);
    }
    if (container.exit !== undefined) return;
    const message = "The container's process is gone and the one that watched it could not tell how it ended.";
    await this.#ended(container, { code: 137, finishedAt: new Date(), reason: "ContainerStatusUnknown", message });
  }
}
