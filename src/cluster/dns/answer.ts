import { isIPv4 } from "node:net";
import { podAddress, reverseAddress } from "./address.ts";
import type { Records } from "./cluster-records.ts";
import {
  type Answer,
  lowerCase,
  type Name,
  type Question,
  type ResourceRecord,
  recordClass,
  recordType,
  responseCode,
} from "./message.ts";
import type { ServiceRecords } from "./service-records.ts";

export interface Zone {
  /** The cluster's domain, lower case: ["cluster", "local"]. */
  domain: Name;
  /** Where the domain's own name server is told to be. */
  dnsAddress: string;
  serial: number;
}

/** Seconds that a client may keep an answer, also a negative one: endpoints change, and CoreDNS too says 5. */
const ttl = 5;

/** What is at a name: nothing at all (undefined), or records of any types, possibly none (a name above others). */
type Found = readonly ResourceRecord[] | undefined;

/**
 * Answers one question by the Kubernetes DNS specification 1.1.0. Pure. Undefined when the name is not the cluster's to answer.
 * A name that exists without records of the asked type gives NOERROR and no answer, one that does not exist NXDOMAIN (RFC 2308, RFC 8020);
 * both come with the zone's SOA record.
 */
export function answer(question: Question, records: Records, zone: Zone): Answer | undefined {
  const { type } = question;
  if (question.class !== recordClass.IN && question.class !== recordClass.ANY) return refused();
  if (type === recordType.AXFR || type === recordType.IXFR || type === recordType.OPT) return refused();
  const name = question.name.map(lowerCase);
  const below = relativeTo(name, zone.domain);
  if (below !== undefined) {
    const found = atClusterName(below, question.name, records, zone);
    return conclude(question, found, zone.domain, records, zone);
  }
  for (const family of ["in-addr", "ip6"] as const) {
    const apex = [family, "arpa"];
    const reverse = relativeTo(name, apex);
    if (reverse !== undefined)
      return conclude(question, atReverseName(reverse, family, question.name, records, zone), apex, records, zone);
  }
  return undefined;
}

function conclude(question: Question, found: Found, apex: Name, records: Records, zone: Zone): Answer {
  const { type, name } = question;
  const answers = (found ?? []).filter(
    (record) => type === recordType.ANY || recordType[record.type] === type || record.type === "CNAME",
  );
  const alias = answers.length === 1 && answers[0]!.type === "CNAME" ? answers[0] : undefined;
  if (alias?.type === "CNAME" && type !== recordType.CNAME && type !== recordType.ANY) {
    answers.push(...followAlias(alias.target, type, records, zone));
  }
  const code = found === undefined ? responseCode.NXDOMAIN : responseCode.NOERROR;
  // At the apex itself the client's own spelling is the owner's name, too.
  const owner = name.slice(name.length - apex.length);
  return {
    code,
    authoritative: true,
    answers,
    authorities: answers.length === 0 ? [soa(owner, zone)] : [],
    additionals: answers.flatMap((record) =>
      record.type === "SRV" || record.type === "NS" ? addressesOf(record.target, records, zone) : [],
    ),
  };
}

/** The names below the cluster's domain. `below` is lower case; `owner` is the question's own spelling. */
function atClusterName(below: Name, owner: Name, records: Records, zone: Zone): Found {
  const path = below.toReversed();
  const [area, namespace, name, ...rest] = path;
  if (area === undefined) {
    return [soa(owner, zone), { name: owner, ttl, type: "NS", target: nameServer(zone) }];
  }
  if (area === "dns-version") return path.length === 1 ? [{ name: owner, ttl, type: "TXT", text: "1.1.0" }] : undefined;
  if (area === "dns") {
    if (path.length > 2 || (namespace !== undefined && namespace !== "ns")) return undefined;
    return namespace === undefined ? [] : [addressRecord(owner, zone.dnsAddress)];
  }
  if (area !== "svc" && area !== "pod") return undefined;
  if (namespace === undefined) return [];
  if (!records.hasNamespace(namespace)) return undefined;
  if (name === undefined) return [];
  if (area === "pod") {
    // As CoreDNS's default, "pods insecure": the address is taken by its word.
    const address = rest.length === 0 ? podAddress(name) : undefined;
    return address === undefined ? undefined : [addressRecord(owner, address)];
  }
  const service = records.service(namespace, name);
  if (service === undefined) return undefined;
  return atServiceName(rest, service, owner, [name, namespace, "svc", ...zone.domain]);
}

/** `rest`: the labels below the Service's name, the nearest first. `serviceName` is complete. */
function atServiceName(rest: Name, service: ServiceRecords, owner: Name, serviceName: Name): Found {
  const [first, second, ...more] = rest;
  if (first === undefined) {
    if (service.alias !== undefined) return [{ name: owner, ttl, type: "CNAME", target: service.alias }];
    // SRV at the Service's own name is no part of the specification, but CoreDNS has it and peer finders ask for it.
    return [
      ...service.addresses.map((address) => addressRecord(owner, address)),
      ...srv(service.ports, owner, serviceName),
    ];
  }
  if (second === undefined) {
    const addresses = service.hosts.get(first);
    if (addresses !== undefined) return addresses.map((address) => addressRecord(owner, address));
  }
  if (!first.startsWith("_") || more.length > 0) return undefined;
  const ofProtocol = service.ports.filter(({ protocol }) => `_${protocol}` === first);
  if (ofProtocol.length === 0) return undefined;
  if (second === undefined) return [];
  const ports = ofProtocol.filter(({ name }) => `_${name}` === second);
  return ports.length === 0 ? undefined : srv(ports, owner, serviceName);
}

function srv(ports: ServiceRecords["ports"], owner: Name, serviceName: Name): ResourceRecord[] {
  return ports.flatMap(({ targets }) =>
    targets.map(({ port, host }) => ({
      name: owner,
      ttl,
      type: "SRV",
      priority: 0,
      // The hundred is shared out, as CoreDNS does it.
      weight: Math.max(1, Math.floor(100 / targets.length)),
      port,
      target: host === undefined ? serviceName : [host, ...serviceName],
    })),
  );
}

function atReverseName(labels: Name, family: "in-addr" | "ip6", owner: Name, records: Records, zone: Zone): Found {
  if (labels.length === 0) return [soa(owner, zone), { name: owner, ttl, type: "NS", target: nameServer(zone) }];
  const address = reverseAddress(labels, family);
  if (address === undefined) return undefined;
  if (address === "partial") return [];
  const names = [...records.reverse(address)];
  if (names.length === 0) return undefined;
  return names.map((name) => ({ name: owner, ttl, type: "PTR", target: [...name, ...zone.domain] }));
}

/** What an alias leads to inside the cluster; the rest of the way is the client's. Aliases of aliases are followed a few steps. */
function followAlias(target: Name, type: number, records: Records, zone: Zone): ResourceRecord[] {
  const found: ResourceRecord[] = [];
  let next: Name | undefined = target;
  for (let step = 0; step < 8 && next !== undefined; step += 1) {
    const there: Found = atName(next, records, zone);
    found.push(...(there ?? []).filter((record) => record.type === "CNAME" || recordType[record.type] === type));
    next = there?.flatMap((record) => (record.type === "CNAME" ? [record.target] : []))[0];
  }
  return found;
}

function atName(name: Name, records: Records, zone: Zone): Found {
  const below = relativeTo(name.map(lowerCase), zone.domain);
  return below === undefined ? undefined : atClusterName(below, name, records, zone);
}

function addressesOf(target: Name, records: Records, zone: Zone): ResourceRecord[] {
  return (atName(target, records, zone) ?? []).filter(({ type }) => type === "A" || type === "AAAA");
}

function addressRecord(name: Name, address: string): ResourceRecord {
  return { name, ttl, type: isIPv4(address) ? "A" : "AAAA", address };
}

function nameServer(zone: Zone): Name {
  return ["ns", "dns", ...zone.domain];
}

function soa(owner: Name, zone: Zone): ResourceRecord {
  return {
    name: owner,
    ttl,
    type: "SOA",
    primary: nameServer(zone),
    mailbox: ["hostmaster", ...zone.domain],
    serial: zone.serial,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: ttl,
  };
}

function refused(): Answer {
  return { code: responseCode.REFUSED, authoritative: false, answers: [], authorities: [], additionals: [] };
}

/** The labels of `name` in front of `apex`; undefined when it is not below it. */
function relativeTo(name: Name, apex: Name): Name | undefined {
  const start = name.length - apex.length;
  return start >= 0 && apex.every((label, index) => name[start + index] === label) ? name.slice(0, start) : undefined;
}
