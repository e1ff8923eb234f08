import { readFile } from "node:fs/promises";
import { dirname, isAbsolute, resolve } from "node:path";
import { readText } from "../role/read-text.ts";

/** How to reach one API server and as whom: what a kubeconfig's context, or a Pod's mounted ServiceAccount, says. */
export interface ClusterAccess {
  /** "https://10.0.0.1:6443", perhaps with a path. */
  server: string;
  /** PEM. Absent: the system's roots. */
  ca?: string;
  /** Name that the server's certificate must hold instead of the host of `server`. */
  serverName?: string;
  /** The server's certificate is not checked. Only when the kubeconfig says so itself. */
  insecure: boolean;
  clientCertificate?: string;
  clientKey?: string;
  token?: string;
  /** Read again from time to time: projected ServiceAccount tokens are renewed in place. */
  tokenFile?: string;
  username?: string;
  password?: string;
  /** Where namespaced commands go when none is named. */
  namespace: string;
}

/** A kubeconfig that cannot be used. The message names the file, the entry and what to do. */
export class KubeconfigError extends Error {
  constructor(source: string, message: string) {
    super(`kubeconfig ${source}: ${message}`);
    this.name = "KubeconfigError";
  }
}

const maximumSize = 4 << 20;

/** Reads a kubeconfig file; relative paths in it are relative to its directory, as kubectl's. */
export async function loadKubeconfig(path: string, context?: string): Promise<ClusterAccess> {
  const text = await readText(path, maximumSize).catch((error: Error) => {
    throw new KubeconfigError(path, `cannot be read: ${error.message}`);
  });
  return parseKubeconfig(text, { source: path, directory: dirname(resolve(path)), context });
}

/** What a Pod has at hand: its ServiceAccount and the environment variables of the `kubernetes` Service. */
export async function inClusterAccess(env: NodeJS.ProcessEnv = process.env): Promise<ClusterAccess> {
  const root = "/var/run/secrets/kubernetes.io/serviceaccount";
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (!host || !port)
    throw new Error(
      "not inside a Pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; name a kubeconfig with --kubeconfig",
    );
  const ca = await readFile(`${root}/ca.crt`, "utf8");
  const namespace = await readFile(`${root}/namespace`, "utf8").catch(() => "default");
  const authority = host.includes(":") ? `[${host}]` : host;
  return {
    server: `https://${authority}:${port}`,
    ca,
    insecure: false,
    tokenFile: `${root}/token`,
    namespace: namespace.trim() || "default",
  };
}

export interface ParseOptions {
  /** Named in errors. */
  source: string;
  /** Base of relative file names. */
  directory: string;
  /** Instead of current-context. */
  context?: string;
}

/** Parses YAML or JSON (JSON is the faster one: the YAML parser is not even loaded) and reads the files it names. */
export async function parseKubeconfig(text: string, options: ParseOptions): Promise<ClusterAccess> {
  const { source } = options;
  if (text.length > maximumSize) throw new KubeconfigError(source, `is larger than ${maximumSize} bytes`);
  const config = mapping(await parseDocument(text, source), source, "the file");
  const contextName = options.context ?? optional(config, "current-context", source, "the file") ?? "";
  if (contextName === "") throw new KubeconfigError(source, "current-context is not set");
  const context = named(config, "contexts", "context", contextName, source);
  const contextPath = `context "${contextName}"`;
  const clusterName = required(context, "cluster", source, contextPath);
  const cluster = named(config, "clusters", "cluster", clusterName, source);
  const userName = optional(context, "user", source, contextPath);
  const user = userName === undefined ? {} : named(config, "users", "user", userName, source);
  const clusterPath = `cluster "${clusterName}"`;
  const userPath = `user "${userName}"`;

  const server = required(cluster, "server", source, clusterPath).replace(/\/+$/, "");
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:") || url.search || url.hash)
    throw new KubeconfigError(source, `${clusterPath}: server "${server}" is not an https:// address`);
  if (cluster["proxy-url"] !== undefined)
    throw new KubeconfigError(source, `${clusterPath}: proxy-url is not supported; give the API server's own address`);
  for (const plugin of ["exec", "auth-provider"])
    if (user[plugin] !== undefined)
      throw new KubeconfigError(
        source,
        `${userPath}: ${plugin} credentials are not supported; use a client certificate or a token`,
      );
  const insecure = cluster["insecure-skip-tls-verify"] === true;
  const material = (entry: Mapping, key: string, where: string) => pem(entry, key, where, options);
  const [ca, clientCertificate, clientKey] = await Promise.all([
    material(cluster, "certificate-authority", clusterPath),
    material(user, "client-certificate", userPath),
    material(user, "client-key", userPath),
  ]);
  if (insecure && ca !== undefined)
    throw new KubeconfigError(
      source,
      `${clusterPath}: a certificate authority and insecure-skip-tls-verify exclude each other`,
    );
  if ((clientCertificate === undefined) !== (clientKey === undefined))
    throw new KubeconfigError(source, `${userPath}: client-certificate and client-key belong together`);
  const tokenFile = optional(user, "tokenFile", source, userPath);
  const access: ClusterAccess = {
    server,
    ca,
    serverName: optional(cluster, "tls-server-name", source, clusterPath),
    insecure,
    clientCertificate,
    clientKey,
    // A file wins over an inline token, as in client-go.
    token: tokenFile === undefined ? optional(user, "token", source, userPath) : undefined,
    tokenFile: tokenFile === undefined ? undefined : locate(tokenFile, options),
    username: optional(user, "username", source, userPath),
    password: optional(user, "password", source, userPath),
    namespace: optional(context, "namespace", source, contextPath) ?? "default",
  };
  const secret = access.token ?? access.tokenFile ?? access.password;
  if (url.protocol === "http:" && secret !== undefined && !insecure)
    throw new KubeconfigError(
      source,
      `${clusterPath}: a token or password would go over plain http; use https, or set insecure-skip-tls-verify`,
    );
  return access;
}

type Mapping = Record<string, unknown>;

async function parseDocument(text: string, source: string): Promise<unknown> {
  try {
    if (text.trimStart().startsWith("{")) return JSON.parse(text);
    const { parse } = await import("yaml");
    return parse(text, { maxAliasCount: 100 });
  } catch (error) {
    throw new KubeconfigError(source, `does not parse: ${(error as Error).message}`);
  }
}

function mapping(value: unknown, source: string, where: string): Mapping {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new KubeconfigError(source, `${where} must be a mapping`);
  return value as Mapping;
}

function optional(entry: Mapping, key: string, source: string, where: string): string | undefined {
  const value = entry[key];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") throw new KubeconfigError(source, `${where}: ${key} must be a string`);
  return value;
}

function required(entry: Mapping, key: string, source: string, where: string): string {
  const value = optional(entry, key, source, where);
  if (value === undefined) throw new KubeconfigError(source, `${where}: ${key} is not set`);
  return value;
}

/** One entry of the lists of {name, KIND} that a kubeconfig is made of. */
function named(config: Mapping, list: string, kind: string, name: string, source: string): Mapping {
  const entries = config[list];
  const found = Array.isArray(entries)
    ? entries.find((entry) => typeof entry === "object" && entry !== null && entry.name === name)
    : undefined;
  if (found === undefined) throw new KubeconfigError(source, `there is no ${kind} named "${name}" under ${list}`);
  return mapping(found[kind] ?? {}, source, `${kind} "${name}"`);
}

function locate(file: string, options: ParseOptions): string {
  return isAbsolute(file) ? file : resolve(options.directory, file);
}

/** KEY-data (base64) or the file that KEY names. */
async function pem(entry: Mapping, key: string, where: string, options: ParseOptions): Promise<string | undefined> {
  const data = optional(entry, `${key}-data`, options.source, where);
  if (data !== undefined) {
    const text = Buffer.from(data, "base64").toString("utf8");
    if (!text.includes("-----BEGIN "))
      throw new KubeconfigError(options.source, `${where}: ${key}-data is not base64 of a PEM file`);
    return text;
  }
  const file = optional(entry, key, options.source, where);
  if (file === undefined) return undefined;
  return readText(locate(file, options), maximumSize).catch((error: Error) => {
    throw new KubeconfigError(options.source, `${where}: ${key} cannot be read: ${error.message}`);
  });
}
