import type { Resource } from "../../kubernetes/resource.ts";
import type { KubernetesObject } from "../../kubernetes/types.ts";
import type { Collection } from "../storage/collection.ts";
import type { Stored } from "../storage/entry.ts";
import type { Store } from "../storage/store.ts";
import type { User } from "./answer.ts";
import type { FieldError, KindDescriptor } from "./kinds/descriptor.ts";
import { pathNotFound, qualified } from "./status.ts";

/** What admission may look at. */
export interface Admission {
  user: User;
  namespace: string;
  dryRun: boolean;
  now: number;
}

/** Values that were handed out for one write. */
export interface Allocation {
  errors: FieldError[];
  /** Takes everything back: the write does not happen. */
  undo(): void;
  /** The write happens: what the old object held and the new one does not is free. */
  commit(): void;
}

/**
 * What a kind needs of the server beyond its descriptor: other objects, allocators, or a way of its own to be deleted. Everything runs in the
 * synchronous section of the write, on copies that may be changed.
 */
export interface KindHooks {
  /** After defaulting, before validation of a create. Throws a StatusError to refuse. */
  admitCreate?(object: Stored, admission: Admission): void;
  admitUpdate?(object: Stored, old: Stored, admission: Admission): void;
  /** Throws a StatusError to refuse a deletion. */
  admitDelete?(old: Stored, admission: Admission): void;
  /** After validation: hands out what must be unique. `old` is absent for a create. */
  allocate?(object: Stored, old?: Stored): Allocation;
  /** The object is gone: gives back what it held. */
  release?(object: Stored): void;
  /** Seconds that the object stays with a deletionTimestamp for somebody to end it; 0 removes it at once. */
  gracePeriod?(object: Stored, requested: number | undefined): number;
  /** Changes the object that starts to be deleted, such as a phase. */
  startDeletion?(object: Stored): void;
  /** Whether something besides metadata.finalizers keeps the object. */
  isHeld?(object: Stored): boolean;
}

/** A kind that is served: its descriptor, where its objects lie, and its hooks. */
export interface ServedKind {
  descriptor: KindDescriptor;
  resource: Resource;
  collection: Collection;
  hooks: KindHooks;
}

/** Every kind of the server by group, version and plural. */
export class Registry {
  readonly kinds: readonly ServedKind[];
  readonly #byPath = new Map<string, ServedKind>();

  constructor(descriptors: readonly KindDescriptor[], store: Store, hooks: Record<string, KindHooks>) {
    this.kinds = descriptors.map((descriptor) => {
      const { resource } = descriptor;
      const name = qualified(resource);
      return { descriptor, resource, collection: store.collection(name), hooks: hooks[name] ?? {} };
    });
    for (const kind of this.kinds) this.#byPath.set(pathKey(kind.resource), kind);
  }

  find(resource: Pick<Resource, "group" | "version" | "plural">): ServedKind | undefined {
    return this.#byPath.get(pathKey(resource));
  }

  /** Throws 404 for a resource that is not served. */
  get(resource: Pick<Resource, "group" | "version" | "plural">): ServedKind {
    const kind = this.find(resource);
    if (kind === undefined) throw pathNotFound();
    return kind;
  }
}

function pathKey({ group, version, plural }: Pick<Resource, "group" | "version" | "plural">): string {
  return `${group}/${version}/${plural}`;
}

/** The key of an object in its collection. */
export function keyOf(resource: Pick<Resource, "namespaced">, namespace: string, name: string): string {
  return resource.namespaced ? `${namespace}/${name}` : name;
}

export function keyOfObject(resource: Pick<Resource, "namespaced">, object: KubernetesObject): string {
  return keyOf(resource, object.metadata?.namespace ?? "", object.metadata?.name ?? "");
}
