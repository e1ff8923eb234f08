/**
 * What an image name means on a machine without an image registry: a demo program inside the node's demo server, or a program of
 * the host. Pure; docs/images.md is the table for people, image-table.ts for the program.
 */

/** An image served by the demo server. `arguments` stand before the container's own. */
export interface DemoImage {
  kind: "demo";
  /** Key of the demo programs table. */
  program: string;
  /** Replaced by the Pod's `args`, as an image's CMD is. */
  defaultArgs?: readonly string[];
  env?: Readonly<Record<string, string>>;
}

/** An image that is a program of this machine, with the two halves of a container's command line. */
export interface ProcessImage {
  kind: "process";
  /** Replaced by the Pod's `command` (which also drops `defaultArgs`). */
  entrypoint: readonly string[];
  /** Replaced by the Pod's `args`. */
  defaultArgs?: readonly string[];
  env?: Readonly<Record<string, string>>;
}

export type Image = DemoImage | ProcessImage;

/** Keys are familiar names: without digest, "docker.io/" and "library/". One with a tag ("demo:2.0") wins over the one without. */
export type ImageTable = ReadonlyMap<string, Image>;

export interface UnknownImage {
  kind: "unknown";
  /** What a kubelet gives as the waiting container's reason. */
  reason: "InvalidImageName" | "ErrImagePull";
  message: string;
}

/** What to start. `env` stands under the container's own variables. */
export type Launch =
  | { kind: "demo"; program: string; args: string[]; env: Record<string, string> }
  | { kind: "process"; argv: string[]; env: Record<string, string> };

// The grammar of image references (OCI distribution specification 1.1, and the registry host of container engines before it).
const host = "[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]{1,5})?";
const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const reference = new RegExp(
  `^(?:(${host})/)?(${component}(?:/${component})*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@([a-z0-9+._-]+:[0-9a-fA-F]{32,}))?$`,
);
const hostProgram = /^host\/([A-Za-z0-9_+@%,=/.-]{1,200}?)(?::[A-Za-z0-9_.-]{1,128})?$/;

export interface ImageName {
  /** The key of the table: "nginx" for docker.io/library/nginx:1.25. */
  familiar: string;
  /** "docker.io/library/nginx:1.25"; what a container status shows. */
  full: string;
  /** "latest" when neither tag nor digest is given. */
  tag: string;
}

/** Undefined when it is no image reference. */
export function parseImageName(image: string): ImageName | undefined {
  if (image.length > 4096) return undefined;
  const match = reference.exec(image);
  if (match === null) return undefined;
  let [, registry, path = "", tag, digest] = match;
  // The first part is a registry only when it looks like a host; "traefik/whoami" has none.
  if (
    registry !== undefined &&
    !/[.:]/.test(registry) &&
    registry !== "localhost" &&
    registry === registry.toLowerCase()
  ) {
    path = `${registry}/${path}`;
    registry = undefined;
  }
  if (registry === undefined || registry === "index.docker.io") registry = "docker.io";
  const onHub = registry === "docker.io";
  if (onHub && !path.includes("/")) path = `library/${path}`;
  const familiar = onHub ? path.replace(/^library\//, "") : `${registry}/${path}`;
  if (tag === undefined && digest === undefined) tag = "latest";
  const full = `${registry}/${path}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
  return { familiar, full, tag: tag ?? "" };
}

/** Finds what an image name stands for; `table` is imageTable, or what loadImageTable made of it and a file. */
export function resolveImage(image: string, table: ImageTable): Image | UnknownImage {
  const program = hostProgram.exec(image)?.[1];
  if (program !== undefined) {
    return { kind: "process", entrypoint: [program.includes("/") ? `/${program.replace(/^\/+/, "")}` : program] };
  }
  const name = parseImageName(image);
  if (name === undefined) {
    return {
      kind: "unknown",
      reason: "InvalidImageName",
      message: `Failed to apply default image tag ${JSON.stringify(image.slice(0, 256))}: couldn't parse image name: invalid reference format`,
    };
  }
  const found = table.get(`${name.familiar}:${name.tag}`) ?? table.get(name.familiar);
  if (found !== undefined) return found;
  return { kind: "unknown", reason: "ErrImagePull", message: howToAdd(name.familiar) };
}

/**
 * Applies the Pod's `command` and `args` to an image by the rules of containers: `command` replaces the entry point and drops the image's
 * default arguments, `args` replaces only these. A demo image with a `command` is that command, run as a host process.
 */
export function launchOf(image: Image, command: readonly string[] = [], args: readonly string[] = []): Launch {
  const env = { ...image.env };
  if (command.length > 0) return { kind: "process", argv: [...command, ...args], env };
  const given = args.length > 0 ? args : (image.defaultArgs ?? []);
  if (image.kind === "demo") return { kind: "demo", program: image.program, args: [...given], env };
  return { kind: "process", argv: [...image.entrypoint, ...given], env };
}

function howToAdd(name: string): string {
  return (
    `Image "${name}" is not in Fairway's image table, and there is no registry to pull from. ` +
    `Use one of the table (docs/images.md), such as fairway/echo, or a program of this machine by "host/PROGRAM", ` +
    `or start the cluster with --images FILE, where FILE holds: ` +
    `{images: [{name: "${name}", program: echo}]} for a demo program, or {images: [{name: "${name}", entrypoint: [PROGRAM, ARGUMENT]}]} for a host program.`
  );
}
