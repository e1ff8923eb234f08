/** What a flag is, and how one is made: from its reader, and from where what is read goes. */
import type { KubeProxyConfiguration } from "../schema.ts";

/** A flag that is unknown or has a value of the wrong kind. */
export class FlagError extends Error {
  override name = "FlagError";
}

/** What flags fill in. */
export interface FlagValues {
  /** As the flags say it; nothing of it holds when there is a file, but for what overrides the file. */
  configuration: KubeProxyConfiguration;
  /** Names of the flags seen so far. */
  given: Set<string>;
  configFile: string;
  writeConfigTo: string;
  /** Overrides the kubeconfig's server. */
  master: string;
  /** Overrides the file's hostnameOverride. */
  hostnameOverride: string;
  cleanup: boolean;
  initOnly: boolean;
  help: boolean;
  version: boolean;
}

export interface Flag {
  /** What stands behind it in the help; absent: a switch. */
  value?: string;
  help: string;
  /** Holds although there is a configuration file. */
  besideFile?: boolean;
  /** Why it does less than its name says; told to whoever gives it. */
  note?: string;
  /** Only for command lines of old: not in the help. */
  hidden?: boolean;
  read(text: string, into: FlagValues, flag: string): void;
}

export type Extra = Pick<Flag, "besideFile" | "note" | "hidden">;
/** Reads a value; throws FlagError when it is not of the kind. `flag` is the name that the error tells. */
export type Reader<T> = (text: string, flag: string) => T;

export function flag<T>(
  value: string | undefined,
  help: string,
  reader: Reader<T>,
  put: (into: FlagValues, read: T) => void,
  extra: Extra = {},
): Flag {
  return { value, help, ...extra, read: (text, into, name) => put(into, reader(text, name)) };
}
type Configuration = KubeProxyConfiguration;
/** A flag that stands for a field of the configuration. */
export function field<T>(
  value: string | undefined,
  help: string,
  reader: Reader<T>,
  put: (into: Configuration, read: T) => void,
  extra?: Extra,
): Flag {
  return flag(value, help, reader, ({ configuration }, read) => put(configuration, read), extra);
}

export const noEffect = (why: string): Extra => ({ note: `has no effect: ${why}` });
