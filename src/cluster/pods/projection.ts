/** What files a configMap, secret, downwardAPI or projected volume holds (core/v1). Pure. */
import { posix } from "node:path";
import type { ConfigMap, Node, Pod, Secret } from "../../kubernetes/types.ts";
import { fieldValue, type KnownAddresses, resourceValue } from "./downward.ts";

export interface VolumeFile {
  data: Uint8Array;
  mode: number;
}
/** Path in the volume to file; no path leaves the volume. */
export type VolumeFiles = Map<string, VolumeFile>;

export type Volume = NonNullable<NonNullable<Pod["spec"]>["volumes"]>[number];
type Sources = NonNullable<NonNullable<Volume["projected"]>["sources"]>;
type Items = { key: string; path: string; mode?: number }[] | undefined;

/** A volume cannot be filled as things are; the Pod waits. */
export class VolumeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "VolumeError";
  }
}

export interface ProjectionInputs extends KnownAddresses {
  pod: Pod;
  node: Pick<Node, "status">;
  configMap: (name: string) => ConfigMap | undefined;
  secret: (name: string) => Secret | undefined;
  /** Token for an audience, made before. */
  token: (source: TokenSource) => string;
}

export interface TokenSource {
  audience?: string;
  expirationSeconds?: number;
  path: string;
}

const defaultMode = 0o644;

/** The sources of a volume in one form: those of a projected volume, or the volume itself as its only one. */
export function sourcesOf(volume: Volume): { sources: Sources; mode: number } | undefined {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (projected) return { sources: projected.sources ?? [], mode: projected.defaultMode ?? defaultMode };
  if (configMap) return { sources: [{ configMap }], mode: configMap.defaultMode ?? defaultMode };
  if (secret)
    return {
      sources: [{ secret: { name: secret.secretName, items: secret.items, optional: secret.optional } }],
      mode: secret.defaultMode ?? defaultMode,
    };
  if (downwardAPI) return { sources: [{ downwardAPI }], mode: downwardAPI.defaultMode ?? defaultMode };
  return undefined;
}

export function projectedFiles(volume: Volume, inputs: ProjectionInputs): VolumeFiles {
  const files: VolumeFiles = new Map();
  const { sources, mode } = sourcesOf(volume) ?? { sources: [], mode: defaultMode };
  const add = (path: string, data: string | Uint8Array, own?: number) => {
    files.set(safePath(path), { data: typeof data === "string" ? Buffer.from(data) : data, mode: own ?? mode });
  };
  for (const { configMap, secret, downwardAPI, serviceAccountToken, ...rest } of sources) {
    if (configMap) {
      const object = inputs.configMap(configMap.name ?? "");
      const binary = Object.entries(object?.binaryData ?? {}).map(([key, value]) => [
        key,
        Buffer.from(value, "base64"),
      ]);
      const data = object && { ...object.data, ...Object.fromEntries(binary) };
      addKeys(`configmap "${configMap.name}"`, data, configMap.items, configMap.optional, add);
    } else if (secret) {
      const object = inputs.secret(secret.name ?? "");
      const data = Object.entries(object?.data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64")]);
      addKeys(`secret "${secret.name}"`, object && Object.fromEntries(data), secret.items, secret.optional, add);
    } else if (downwardAPI) {
      for (const { path, mode: own, fieldRef, resourceFieldRef } of downwardAPI.items ?? []) {
        const value = fieldRef
          ? fieldValue(inputs.pod, fieldRef.fieldPath, inputs)
          : resourceFieldRef && resourceValue(inputs.pod, resourceFieldRef, inputs.node);
        if (value === undefined)
          throw new VolumeError(`downwardAPI item "${path}" names a field that Pods cannot read`);
        add(path, value, own);
      }
    } else if (serviceAccountToken) add(serviceAccountToken.path, inputs.token(serviceAccountToken));
    else
      throw new VolumeError(
        `projected source ${Object.keys(rest).join(", ") || "without a kind"} is not supported by this node`,
      );
  }
  return files;
}

function addKeys(
  what: string,
  data: Record<string, string | Uint8Array> | undefined,
  items: Items,
  optional: boolean | undefined,
  add: (path: string, data: string | Uint8Array, mode?: number) => void,
): void {
  if (data === undefined) {
    if (optional) return;
    throw new VolumeError(`${what} not found`);
  }
  if (items === undefined || items.length === 0) {
    for (const [key, value] of Object.entries(data)) add(key, value);
    return;
  }
  for (const { key, path, mode } of items) {
    const value = Object.hasOwn(data, key) ? data[key] : undefined;
    if (value !== undefined) add(path, value, mode);
    else if (!optional) throw new VolumeError(`${what} has no key "${key}", which the volume refers to`);
  }
}

/** Throws for a path that would leave the volume, or collide with the links that make updates atomic. */
function safePath(path: string): string {
  const normal = posix.normalize(path);
  if (path === "" || posix.isAbsolute(path) || normal.startsWith("..") || path.split("/").includes(".."))
    throw new VolumeError(`"${path}" is no path inside of a volume`);
  return normal;
}
