import { OptionError } from "./option-error.ts";

/** The most that a factor may be: an hour and more for each thing that is waited for. */
const mostPatient = 100;

/**
 * Milliseconds to wait for something that starts: as many times as long as FAIRWAY_PATIENCE says, for machines that are slow or emulated. Throws an
 * OptionError when that is no number from 1 to 100.
 */
export function patient(milliseconds: number, factor = process.env.FAIRWAY_PATIENCE): number {
  if (factor === undefined) return milliseconds;
  const times = Number(factor);
  if (!(times >= 1 && times <= mostPatient))
    throw new OptionError("FAIRWAY_PATIENCE", `${JSON.stringify(factor)} is not a number from 1 to ${mostPatient}`);
  return milliseconds * times;
}
