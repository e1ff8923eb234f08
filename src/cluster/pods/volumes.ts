import { chmod, chown, mkdir, stat, writeFile } from "node:fs/promises";
import { join, posix } from "node:path";
import type { KubernetesClient } from "../../kubernetes/client.ts";
import type { Container, Node, Pod } from "../../kubernetes/types.ts";
import type { ContainerMount } from "./container-spec.ts";
import { ContainerConfigError, expand } from "./environment.ts";
import type { ObjectSource } from "./object-source.ts";
import {
  type ProjectionInputs,
  projectedFiles,
  sourcesOf,
  type TokenSource,
  type Volume,
  VolumeError,
} from "./projection.ts";
import { ServiceAccountTokens } from "./tokens.ts";
import { writeVolume } from "./volume-files.ts";

export interface PodVolumesOptions {
  client: KubernetesClient;
  objects: ObjectSource;
  /** Directory of a Pod's state. */
  directory: (uid: string) => string;
  node: () => Pick<Node, "status">;
  nodeIPs: readonly string[];
  onError: (error: Error, pod: Pod) => void;
}

/** How often to look whether tokens are due and objects have changed. Kubelet's own period is about a minute. */
const refreshInterval = 30_000;

/** The volumes of the Pods of this node: made before the first container that needs them, kept up to date, gone with the Pod. */
export class PodVolumes {
  readonly #options: PodVolumesOptions;
  readonly #tokens: ServiceAccountTokens;
  readonly #timer: NodeJS.Timeout;
  /** Pods with volumes whose content can change, and the names of those volumes. */
  readonly #live = new Map<string, { pod: Pod; podIPs: readonly string[]; volumes: Set<string> }>();
  #refreshing = false;

  constructor(options: PodVolumesOptions) {
    this.#options = options;
    this.#tokens = new ServiceAccountTokens(options.client);
    this.#timer = setInterval(() => void this.refresh(), refreshInterval);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /**
   * What to mount in a container. With `late` (nobody can look into it before it is entered) volumes that hold a token are
   * left to `prepare`: thousands of demo Pods need not ask for thousands of tokens that nobody reads.
   */
  async mountsOf(
    pod: Pod,
    container: Container,
    env: Readonly<Record<string, string>>,
    late: boolean,
  ): Promise<ContainerMount[]> {
    const mounts: ContainerMount[] = [];
    for (const mount of container.volumeMounts ?? []) {
      const volume = pod.spec?.volumes?.find(({ name }) => name === mount.name);
      if (volume === undefined) throw new ContainerConfigError(`volumeMount names no volume of the Pod: ${mount.name}`);
      const path = this.#pathOf(pod, volume);
      if (!late || !holdsToken(volume)) await this.#prepare(pod, volume);
      const inner = mount.subPathExpr === undefined ? (mount.subPath ?? "") : expand(mount.subPathExpr, env);
      if (posix.isAbsolute(inner) || inner.split("/").includes(".."))
        throw new ContainerConfigError(`volumeMount ${mount.name}: subPath "${inner}" leaves the volume`);
      const source = inner === "" ? path : await subPath(path, inner, sourcesOf(volume) === undefined);
      mounts.push({
        source,
        target: posix.resolve("/", mount.mountPath),
        // As in Kubernetes, what is projected cannot be written to.
        readOnly: (mount.readOnly ?? false) || sourcesOf(volume) !== undefined,
        file: (await stat(source).catch(() => undefined))?.isFile() ?? false,
      });
    }
    return mounts;
  }

  /** Makes what mountsOf left for later. */
  async prepare(pod: Pod, container: Container): Promise<void> {
    for (const { name } of container.volumeMounts ?? []) {
      const volume = pod.spec?.volumes?.find((candidate) => candidate.name === name);
      if (volume !== undefined && holdsToken(volume)) await this.#prepare(pod, volume);
    }
  }

  /** A Pod's addresses, which volumes may tell; called before its first container is made. */
  adopt(pod: Pod, podIPs: readonly string[]): void {
    const uid = pod.metadata?.uid ?? "";
    const known = this.#live.get(uid);
    if (known === undefined) this.#live.set(uid, { pod, podIPs, volumes: new Set() });
    else known.pod = pod;
  }

  forget(uid: string): void {
    this.#live.delete(uid);
    this.#tokens.forget(uid);
  }

  /** Brings every volume that is in use up to date; a Pod whose volume cannot be refreshed keeps the old content. */
  async refresh(concerns: (pod: Pod) => boolean = () => true): Promise<void> {
    if (this.#refreshing) return;
    this.#refreshing = true;
    try {
      for (const { pod, volumes } of this.#live.values()) {
        if (!concerns(pod)) continue;
        for (const volume of pod.spec?.volumes ?? [])
          if (volumes.has(volume.name))
            await this.#prepare(pod, volume).catch((error) => this.#options.onError(error as Error, pod));
      }
    } finally {
      this.#refreshing = false;
    }
  }

  #pathOf(pod: Pod, volume: Volume): string {
    if (volume.hostPath) return posix.resolve("/", volume.hostPath.path);
    return join(this.#options.directory(pod.metadata?.uid ?? ""), "volumes", volume.name);
  }

  async #prepare(pod: Pod, volume: Volume): Promise<void> {
    const path = this.#pathOf(pod, volume);
    const group = pod.spec?.securityContext?.fsGroup;
    if (volume.emptyDir) {
      await mkdir(path, { recursive: true });
      await chmod(path, group === undefined ? 0o777 : 0o2777);
      if (group !== undefined) await chown(path, 0, group);
    } else if (volume.hostPath) await checkHostPath(path, volume.hostPath.type ?? "");
    else {
      await writeVolume(path, await this.#files(pod, volume), group);
      this.#live.get(pod.metadata?.uid ?? "")?.volumes.add(volume.name);
    }
  }

  async #files(pod: Pod, volume: Volume) {
    const { objects, node, nodeIPs } = this.#options;
    const namespace = pod.metadata?.namespace ?? "default";
    const { sources } = sourcesOf(volume) ?? { sources: [] };
    const configMaps = new Map<string, Awaited<ReturnType<ObjectSource["configMap"]>>>();
    const secrets = new Map<string, Awaited<ReturnType<ObjectSource["secret"]>>>();
    const tokens = new Map<TokenSource, string>();
    for (const { configMap, secret, serviceAccountToken } of sources) {
      if (configMap?.name) configMaps.set(configMap.name, await objects.configMap(namespace, configMap.name));
      if (secret?.name) secrets.set(secret.name, await objects.secret(namespace, secret.name));
      if (serviceAccountToken) tokens.set(serviceAccountToken, await this.#tokens.get(pod, serviceAccountToken));
    }
    const inputs: ProjectionInputs = {
      pod,
      node: node(),
      podIPs: this.#live.get(pod.metadata?.uid ?? "")?.podIPs ?? [],
      hostIPs: nodeIPs,
      configMap: (name) => configMaps.get(name),
      secret: (name) => secrets.get(name),
      token: (source) => tokens.get(source) ?? "",
    };
    return projectedFiles(volume, inputs);
  }
}

function holdsToken(volume: Volume): boolean {
  return volume.projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken !== undefined) ?? false;
}

async function subPath(volume: string, inner: string, writable: boolean): Promise<string> {
  const path = join(volume, inner);
  const known = await stat(path).catch(() => undefined);
  if (known === undefined && writable) await mkdir(path, { recursive: true });
  else if (known === undefined) throw new VolumeError(`subPath "${inner}" is not in the volume`);
  return path;
}

/** HostPathType of core/v1. The path is one of the node: the machine's own, but for /run, which each node has for itself. */
async function checkHostPath(path: string, type: string): Promise<void> {
  if (type === "DirectoryOrCreate") await mkdir(path, { recursive: true, mode: 0o755 });
  if (type === "FileOrCreate") await writeFile(path, "", { flag: "a" });
  if (type === "") return;
  const found = await stat(path).catch(() => undefined);
  const matches =
    (type.startsWith("Directory") && found?.isDirectory()) ||
    (type.startsWith("File") && found?.isFile()) ||
    (type === "Socket" && found?.isSocket()) ||
    (type === "CharDevice" && found?.isCharacterDevice()) ||
    (type === "BlockDevice" && found?.isBlockDevice());
  if (!matches)
    throw new VolumeError(`hostPath type check failed: ${path} is not a ${type.replace("OrCreate", "").toLowerCase()}`);
}
