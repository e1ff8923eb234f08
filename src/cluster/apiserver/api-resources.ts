import type { ServedKind } from "./registry.ts";
import { qualified } from "./status.ts";

/** One line of a discovery document: a resource or a subresource. */
export interface ApiResource {
  name: string;
  singularName: string;
  namespaced: boolean;
  kind: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
  /** When the objects of a subresource are of another group version (Scale, TokenRequest). */
  group?: string;
  version?: string;
}

export interface GroupVersion {
  group: string;
  version: string;
  resources: ApiResource[];
}

const mainVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const readAndWrite = ["get", "patch", "update"];

interface Subresource {
  name: string;
  kind: string;
  verbs: string[];
  group?: string;
  version?: string;
}

/** Subresources besides /status and /scale, by resource. The router (subresources/index.ts) serves the same ones. */
const subresources: Record<string, Subresource[]> = {
  namespaces: [{ name: "finalize", kind: "Namespace", verbs: ["update"] }],
  pods: [
    { name: "binding", kind: "Binding", verbs: ["create"] },
    { name: "eviction", kind: "Eviction", verbs: ["create"], group: "policy", version: "v1" },
    { name: "exec", kind: "PodExecOptions", verbs: ["create", "get"] },
    { name: "log", kind: "Pod", verbs: ["get"] },
  ],
  serviceaccounts: [
    { name: "token", kind: "TokenRequest", verbs: ["create"], group: "authentication.k8s.io", version: "v1" },
  ],
};

/** Resources that only take a POST and store nothing (reviews.ts). */
const reviews: [group: string, plural: string, kind: string, namespaced: boolean][] = [
  ["authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview", false],
  ["authentication.k8s.io", "tokenreviews", "TokenReview", false],
  ["authorization.k8s.io", "localsubjectaccessreviews", "LocalSubjectAccessReview", true],
  ["authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview", false],
  ["authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview", false],
  ["authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview", false],
];

/** All that is served, group version by group version; the core group first. */
export function groupVersions(kinds: readonly ServedKind[]): GroupVersion[] {
  const groups = new Map<string, GroupVersion>();
  const add = (group: string, version: string, resources: ApiResource[]) => {
    const key = `${group}/${version}`;
    const found = groups.get(key);
    if (found === undefined) groups.set(key, { group, version, resources });
    else found.resources.push(...resources);
  };
  for (const kind of kinds) add(kind.resource.group, kind.resource.version, resourcesOf(kind));
  for (const [group, name, kind, namespaced] of reviews) {
    add(group, "v1", [{ name, singularName: kind.toLowerCase(), namespaced, kind, verbs: ["create"] }]);
  }
  return [...groups.values()];
}

function resourcesOf({ descriptor, resource }: ServedKind): ApiResource[] {
  const { plural, namespaced, kind } = resource;
  const { singular, shortNames, categories, hasStatus, scale } = descriptor;
  const main: ApiResource = { name: plural, singularName: singular, namespaced, kind, verbs: mainVerbs };
  if (shortNames.length > 0) main.shortNames = shortNames;
  if (categories.length > 0) main.categories = categories;
  const below: Subresource[] = [...(subresources[qualified(resource)] ?? [])];
  if (scale !== undefined) {
    below.push({ name: "scale", kind: "Scale", verbs: readAndWrite, group: "autoscaling", version: "v1" });
  }
  if (hasStatus) below.push({ name: "status", kind, verbs: readAndWrite });
  return [main, ...below.map((entry) => ({ ...entry, name: `${plural}/${entry.name}`, singularName: "", namespaced }))];
}
