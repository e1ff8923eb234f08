import { UsageError } from "./program.ts";

export interface OptionSpecs {
  [name: string]: "value" | "flag";
}

/**
 * Reads command line options in all the forms that the imitated programs take: -name value, --name value, -name=value, --name=value.
 * A repeated option keeps every value. Throws UsageError for an option that is not in `specs`.
 */
export function parseOptions(args: readonly string[], specs: OptionSpecs): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index]!;
    const match = /^--?([^=]+)(?:=(.*))?$/s.exec(argument);
    if (match === null) throw new UsageError(`unexpected argument ${JSON.stringify(argument)}`);
    const name = match[1]!;
    let value = match[2];
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (spec === undefined) {
      throw new UsageError(
        `unknown option ${argument}; known: ${Object.keys(specs)
          .map((known) => `--${known}`)
          .join(", ")}`,
      );
    }
    if (value === undefined) {
      if (spec === "flag") value = "true";
      else {
        index += 1;
        value = args[index];
        if (value === undefined) throw new UsageError(`option ${argument} needs a value`);
      }
    }
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return values;
}

/** "80", ":80" or "0.0.0.0:80" as a port from 1 to 65535; throws UsageError naming where it came from. */
export function parsePort(text: string, where: string): number {
  const digits = /^(?:[0-9a-zA-Z.[\]-]*:)?([0-9]{1,5})$/.exec(text)?.[1];
  const port = Number(digits);
  if (digits === undefined || port < 1 || port > 65535) {
    throw new UsageError(`${where}: ${JSON.stringify(text)} is not a port from 1 to 65535`);
  }
  return port;
}
