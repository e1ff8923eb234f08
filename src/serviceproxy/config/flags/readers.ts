/** The kinds of values that flags have. What a value may be beyond its kind is checked with the whole configuration (../validate.ts). */
import { parseDuration } from "../duration.ts";
import { FlagError, type Reader } from "./flag.ts";

export const string: Reader<string> = (text) => text;
export const strings: Reader<string[]> = (text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
/** As Go reads them. */
const booleans: Readonly<Record<string, boolean>> = {
  1: true,
  t: true,
  T: true,
  true: true,
  True: true,
  TRUE: true,
  0: false,
  f: false,
  F: false,
  false: false,
  False: false,
  FALSE: false,
};
export const boolean: Reader<boolean> = (text, name) => {
  if (Object.hasOwn(booleans, text)) return booleans[text]!;
  throw new FlagError(`--${name}: "${text}" is neither true nor false`);
};
export const integer: Reader<number> = (text, name) => {
  if (/^-?\d{1,10}$/.test(text) && Math.abs(Number(text)) < 2 ** 31) return Number(text);
  throw new FlagError(`--${name}: "${text}" is not a whole number`);
};
export const number: Reader<number> = (text, name) => {
  if (/^-?\d{1,10}(\.\d{1,10})?$/.test(text)) return Number(text);
  throw new FlagError(`--${name}: "${text}" is not a number`);
};
export const duration: Reader<number> = (text, name) => {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined) throw new FlagError(`--${name}: "${text}" is not a duration such as 30s or 1m30s`);
  return milliseconds;
};
/** "A=true,B=false" */
export const gates: Reader<Record<string, boolean>> = (text, name) =>
  Object.fromEntries(
    strings(text, name).map((part) => {
      const [gate, value] = part.split("=", 2) as [string, string?];
      if (value === undefined) throw new FlagError(`--${name}: "${part}" is not of the form GATE=true`);
      return [gate, boolean(value, name)];
    }),
  );
export const port: Reader<number> = (text, name) => {
  const value = integer(text, name);
  if (value >= 0 && value <= 65_535) return value;
  throw new FlagError(`--${name}: "${text}" is not a port from 0 to 65535`);
};
