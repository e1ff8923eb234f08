import { type Answer, jsonAnswer } from "./answer.ts";
import type { ApiResource, GroupVersion } from "./api-resources.ts";
import { parseAccept } from "./negotiation.ts";
import { notAcceptable } from "./status.ts";

/**
 * The documents by which kubectl learns what there is: the classic ones (/api, /apis, one list a group version), and the aggregated one
 * (KEP-3352) that current clients ask for. `serverAddress` is HOST:PORT.
 */
export interface Discovery {
  /** undefined when the path is no discovery path. */
  answer(path: string, accept: string | undefined): Answer | undefined;
}

export function createDiscovery(groupVersions: GroupVersion[], serverAddress: string): Discovery {
  const core = groupVersions.filter(({ group }) => group === "");
  const named = groupVersions.filter(({ group }) => group !== "");
  const documents = new Map<string, unknown>();
  const address = [{ clientCIDR: "0.0.0.0/0", serverAddress }];
  const versions = core.map(({ version }) => version);
  documents.set("/api", { kind: "APIVersions", versions, serverAddressByClientCIDRs: address });
  const groups = groupsOf(named);
  documents.set("/apis", { kind: "APIGroupList", apiVersion: "v1", groups });
  for (const group of groups) documents.set(`/apis/${group.name}`, { kind: "APIGroup", apiVersion: "v1", ...group });
  for (const entry of groupVersions) documents.set(pathOf(entry), resourceList(entry));

  const aggregated = (members: GroupVersion[], version: string) => ({
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: aggregatedGroups(members),
  });
  return {
    answer(path, accept) {
      const document = documents.get(path);
      if (document === undefined) return undefined;
      if (path !== "/api" && path !== "/apis") return jsonAnswer(200, document);
      const version = wantedVersion(accept);
      if (version === "plain") return jsonAnswer(200, document);
      const answer = jsonAnswer(200, aggregated(path === "/api" ? core : named, version));
      answer.headers["content-type"] = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
      answer.headers.vary = "Accept";
      return answer;
    },
  };
}

/** Newer clients add parameters of their own (profile=…): only what names the document is compared. */
function wantedVersion(accept: string | undefined): "plain" | "v2" | "v2beta1" {
  for (const { type, parameters } of parseAccept(accept)) {
    if (type !== "application/json" && type !== "application/*" && type !== "*/*") continue;
    if (!parameters.has("as")) return "plain";
    const version = parameters.get("v");
    if (parameters.get("as") !== "APIGroupDiscoveryList" || parameters.get("g") !== "apidiscovery.k8s.io") continue;
    if (version === "v2" || version === "v2beta1") return version;
  }
  throw notAcceptable(["application/json"]);
}

function pathOf({ group, version }: GroupVersion): string {
  return group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
}

function groupsOf(members: GroupVersion[]) {
  return [...Map.groupBy(members, ({ group }) => group)].map(([name, list]) => {
    const versions = list.map(({ version }) => ({ groupVersion: `${name}/${version}`, version }));
    return { name, versions, preferredVersion: versions[0] };
  });
}

function resourceList({ group, version, resources }: GroupVersion) {
  const groupVersion = group === "" ? version : `${group}/${version}`;
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources };
}

function aggregatedGroups(members: GroupVersion[]) {
  return [...Map.groupBy(members, ({ group }) => group)].map(([name, list]) => ({
    metadata: name === "" ? {} : { name },
    versions: list.map((entry) => ({
      version: entry.version,
      resources: aggregatedResources(entry),
      freshness: "Current",
    })),
  }));
}

function aggregatedResources({ group, version, resources }: GroupVersion) {
  const kindOf = (resource: ApiResource) => ({
    group: resource.group ?? group,
    version: resource.version ?? version,
    kind: resource.kind,
  });
  return resources
    .filter(({ name }) => !name.includes("/"))
    .map((resource) => {
      const prefix = `${resource.name}/`;
      const below = resources.filter(({ name }) => name.startsWith(prefix));
      return {
        resource: resource.name,
        responseKind: kindOf(resource),
        scope: resource.namespaced ? "Namespaced" : "Cluster",
        singularResource: resource.singularName,
        verbs: resource.verbs,
        shortNames: resource.shortNames,
        categories: resource.categories,
        subresources: below.map((entry) => ({
          subresource: entry.name.slice(prefix.length),
          responseKind: kindOf(entry),
          verbs: entry.verbs,
        })),
      };
    });
}
