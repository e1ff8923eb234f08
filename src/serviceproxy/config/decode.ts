import { isAlias, isMap, isScalar, LineCounter, type Node, parseDocument, stringify } from "yaml";
import { withDerivedDefaults } from "./defaults.ts";
import { encodeConfiguration } from "./encode.ts";
import { apiVersion, isLeaf, type KubeProxyConfiguration, kind, type Leaf, type Section, schema } from "./schema.ts";

/** Something in a configuration file that cannot be used. */
export interface Fault {
  /** From 1; undefined for the file as a whole. */
  line?: number;
  /** "iptables.syncPeriod"; empty for the file as a whole. */
  path: string;
  problem: string;
}

/** Kubernetes reads YAML 1.1, where 0644 is a number in base 8 and a bare "y" is true. */
const version = "1.1";
/** Much more than a configuration needs. */
const longestFile = 1 << 20;

/**
 * Reads a KubeProxyConfiguration, YAML or JSON, with its defaults. Strict: a field that is unknown, comes twice or holds the wrong kind of
 * value is a fault. (kube-proxy 1.36 goes on with a warning, and a misspelt field silently is its default.)
 */
export function decodeConfiguration(text: string): { configuration?: KubeProxyConfiguration; faults: Fault[] } {
  if (text.length > longestFile) return { faults: [{ path: "", problem: `is longer than ${longestFile} characters` }] };
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version, prettyErrors: false, merge: true });
  const lineOf = (node: unknown) => {
    const offset = (node as Node | null)?.range?.[0];
    return offset === undefined ? undefined : lines.linePos(offset).line;
  };
  if (document.errors.length > 0)
    return {
      faults: document.errors.map(({ message, pos: [offset] }) => ({
        line: lines.linePos(offset).line,
        path: "",
        problem: message,
      })),
    };
  const faults: Fault[] = [];
  const root = document.contents;
  if (!isMap(root)) return { faults: [{ line: lineOf(root), path: "", problem: "must be a map of fields" }] };

  const readLeaf = (leaf: Leaf<unknown>, node: unknown, path: string): unknown => {
    const value = isScalar(node) ? node.value : (node as Node | null)?.toJS(document);
    if (value === null || value === undefined) return leaf.fallback;
    const decoded = leaf.decode(value);
    if (decoded === undefined)
      faults.push({ line: lineOf(node), path, problem: `must be ${leaf.wants}, not ${JSON.stringify(value)}` });
    const isEmpty = decoded === 0 || decoded === "";
    return decoded === undefined || (isEmpty && leaf.emptyIsAbsent) ? leaf.fallback : decoded;
  };
  const readSection = (section: Section, node: unknown, prefix: string, own: readonly string[] = []) => {
    const target: Record<string, unknown> = {};
    const given = new Map<string, unknown>();
    const map = isAlias(node) ? node.resolve(document) : node;
    if (isMap(map))
      for (const { key, value } of map.items) {
        const name = String(isScalar(key) ? key.value : key);
        if (Object.hasOwn(section, name)) given.set(name, value);
        else if (!own.includes(name))
          faults.push({ line: lineOf(key), path: `${prefix}${name}`, problem: "unknown field" });
      }
    else if (map !== null && !(isScalar(map) && map.value === null))
      faults.push({ line: lineOf(map), path: prefix.slice(0, -1), problem: "must be a map of fields" });
    for (const [name, entry] of Object.entries(section)) {
      const value = given.get(name) ?? null;
      const path = `${prefix}${name}`;
      target[name] = isLeaf(entry) ? readLeaf(entry, value, path) : readSection(entry, value, `${path}.`);
    }
    return target;
  };

  const expect = (field: string, wanted: string) => {
    const node = root.get(field, true);
    const value: unknown = isScalar(node) ? node.value : node;
    if (value !== wanted)
      faults.push({
        line: lineOf(node),
        path: field,
        problem: `must be ${wanted}, not ${JSON.stringify(value ?? "")}`,
      });
  };
  expect("apiVersion", apiVersion);
  expect("kind", kind);
  const values = readSection(schema, root, "", ["apiVersion", "kind"]);
  if (faults.length > 0) return { faults };
  return { configuration: withDerivedDefaults(structuredClone(values) as KubeProxyConfiguration), faults };
}

/** "line 3: iptables.syncPeriod: must be …" */
export function formatFault({ line, path, problem }: Fault): string {
  return [line === undefined ? "" : `line ${line}: `, path === "" ? "" : `${path}: `, problem].join("");
}

/** The configuration as a file that decodeConfiguration() reads. */
export function formatConfiguration(configuration: KubeProxyConfiguration): string {
  return stringify(encodeConfiguration(configuration), { version });
}
