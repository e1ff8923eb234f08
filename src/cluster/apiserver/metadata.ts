import { randomBytes, randomUUID } from "node:crypto";
import type { Metadata } from "../storage/entry.ts";

/** Letters that make no words and are not mistaken for each other: Kubernetes' own alphabet for generated names. */
const alphabet = "bcdfghjklmnpqrstvwxz2456789";
const suffixLength = 5;
const maxNameLength = 63;

/** A name from metadata.generateName, shortened so that the suffix fits. */
export function generateName(base: string): string {
  let suffix = "";
  for (const byte of randomBytes(suffixLength)) suffix += alphabet[byte % alphabet.length];
  return base.slice(0, maxNameLength - suffixLength) + suffix;
}

/** Sets what the server owns in a new object. `now` is RFC 3339. */
export function initializeMetadata(metadata: Metadata, now: string, countsGenerations: boolean): void {
  metadata.uid = randomUUID();
  metadata.creationTimestamp = now;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.selfLink;
  delete metadata.managedFields;
  delete metadata.resourceVersion;
  if (countsGenerations) metadata.generation = 1;
  else delete metadata.generation;
}

/** Keeps what the server owns through an update. */
export function carryMetadata(metadata: Metadata, old: Metadata): void {
  delete metadata.selfLink;
  delete metadata.managedFields;
  for (const field of [
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "generateName",
    "resourceVersion",
  ] as const) {
    if (old[field] === undefined) delete metadata[field];
    else Object.assign(metadata, { [field]: old[field] });
  }
}
