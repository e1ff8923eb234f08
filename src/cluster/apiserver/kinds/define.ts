import type { KubernetesObject } from "../../../kubernetes/types.ts";
import type { KindDescriptor } from "./descriptor.ts";

/** Checks a descriptor against its own type and hands it out as one of the generic server's. */
export function defineKind<T extends KubernetesObject>(descriptor: KindDescriptor<T>): KindDescriptor {
  // Decoding by the descriptor's own schema is what makes every object that reaches its functions a T.
  return descriptor as unknown as KindDescriptor;
}

/** prepareForCreate of kinds with a status: clients do not choose it. */
export function dropStatus(object: { status?: object }): void {
  delete object.status;
}

/** The type package declares Pod.status read-only for clients; the server does write it. */
export function setStatus<S extends object>(object: { status?: S }, status: S): void {
  object.status = status;
}

/** prepareForUpdate of kinds with a status: only /status writes it. */
export function keepStatus<S extends object>(object: { status?: S }, old: { status?: S }): void {
  if (old.status === undefined) delete object.status;
  else object.status = old.status;
}
