/** What the commands that people type have in common: how flags are read, how errors are said, which exit status they give. */
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { exitWrongState } from "../cluster/supervisor/launcher.ts";
import { OptionError } from "../cluster/supervisor/option-error.ts";
import { checkClusterName, defaultOptions } from "../cluster/supervisor/options.ts";
import { NotUpError } from "../cluster/supervisor/session.ts";
import { helpWidth } from "./help-width.ts";

export function command(name: string, description: string): Command {
  return new Command(`fairway ${name}`)
    .description(description)
    .helpOption("-h, --help", "show this help")
    .showHelpAfterError("(--help tells more)")
    .configureHelp({ helpWidth: helpWidth(), minWidthToWrap: 30 })
    .exitOverride();
}

/** --name, for commands that speak to a cluster that is up. */
export function withName(target: Command): Command {
  return target.option("--name <name>", "name of the cluster", checkClusterName, defaultOptions.name);
}

type Action = (args: string[], flags: Record<string, unknown>) => Promise<number>;

/** Parses and runs; resolves to the exit status. Errors are one line on stderr: 2 for bad options, 1 for the rest. */
export async function runCommand(target: Command, args: string[], action?: Action): Promise<number> {
  let status = 0;
  if (action !== undefined)
    target.action(async () => {
      status = await action(target.args, target.opts());
    });
  try {
    await target.parseAsync(args, { from: "user" });
    return status;
  } catch (error) {
    // Commander has said it already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    process.stderr.write(`fairway: ${(error as Error).message}\n`);
    if (error instanceof NotUpError) return exitWrongState;
    return error instanceof OptionError ? 2 : 1;
  }
}

/** A parser for a whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= most))
      throw new InvalidArgumentError(`It must be a number from ${least} to ${most}.`);
    return value;
  };
}

const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** "500ms", "40s", "1m30s" as milliseconds: more than 0, a day at most. */
export function duration(text: string): number {
  const parts = [...text.matchAll(/(\d{1,9})(ms|s|m|h)/g)];
  const total = parts.reduce((sum, [, number, unit]) => sum + Number(number) * units[unit!]!, 0);
  if (parts.map(([part]) => part).join("") !== text || total <= 0 || total > 86_400_000)
    throw new InvalidArgumentError("It must be a duration such as 500ms, 40s or 5m, a day at most.");
  return total;
}

/** This process becomes another program (found in the PATH), with its own environment and terminal. Does not return. */
export function become(program: readonly string[]): never {
  // The new program takes over without a word to those who wait for the end of this one.
  process.emit("exit", 0);
  const environment = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  process.execve!("/bin/sh", ["sh", "-c", 'exec "$@"', "sh", ...program], Object.fromEntries(environment));
  throw new Error(`${program[0]} cannot be run`);
}
