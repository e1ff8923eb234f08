/** A request body as a value, whatever it was written in. */
export interface ParsedBody {
  value: unknown;
  /** Paths of keys that stood twice in one object; the last one won. */
  duplicates: string[];
}
