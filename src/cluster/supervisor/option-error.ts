/** A value that cannot be used. The message names the flag. */
export class OptionError extends Error {
  constructor(flag: string, message: string) {
    super(`${flag}: ${message}`);
    this.name = "OptionError";
  }
}
