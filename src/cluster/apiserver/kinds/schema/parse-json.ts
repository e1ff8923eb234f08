export type ParsedJson =
  /** `duplicateFields`: paths ("spec.ports[0].name") of keys that stand twice in one object; the last one counts. */
  { ok: true; value: unknown; duplicateFields: string[] } | { ok: false; message: string };

/** Deeper values than Kubernetes' types ever need, and shallow enough for every recursion over a body. */
const maxDepth = 1000;
/** Duplicate fields past this number are not listed one by one. */
const maxDuplicates = 100;

/** JSON.parse that also finds duplicate keys and refuses too deep nesting. Never throws. */
export function parseJson(text: string): ParsedJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
  const duplicateFields = findDuplicates(text);
  if (duplicateFields === undefined) return { ok: false, message: `exceeded max depth of ${maxDepth}` };
  return { ok: true, value, duplicateFields };
}

interface Level {
  /** Keys seen so far in an object; undefined in a list. */
  keys: Set<string> | undefined;
  /** The key or index that is being read. */
  step: string;
  index: number;
}

/** Everything in JSON that matters here: strings, brackets, commas. Numbers and words are skipped. */
const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],]/g;

/** `text` is known to be JSON. undefined: nested too deep. */
function findDuplicates(text: string): string[] | undefined {
  const duplicates: string[] = [];
  const levels: Level[] = [];
  let expectKey = false;
  for (const [token] of text.matchAll(tokens)) {
    const level = levels.at(-1);
    switch (token) {
      case "{":
      case "[":
        if (levels.length === maxDepth) return undefined;
        levels.push({ keys: token === "{" ? new Set() : undefined, step: "[0]", index: 0 });
        expectKey = token === "{";
        break;
      case "}":
      case "]":
        levels.pop();
        expectKey = false;
        break;
      case ",":
        if (level?.keys !== undefined) expectKey = true;
        else if (level !== undefined) level.step = `[${++level.index}]`;
        break;
      default: {
        if (!expectKey || level?.keys === undefined) break;
        expectKey = false;
        const key = JSON.parse(token) as string;
        level.step = key;
        if (level.keys.has(key) && duplicates.length < maxDuplicates) duplicates.push(pathOf(levels));
        level.keys.add(key);
      }
    }
  }
  return duplicates;
}

function pathOf(levels: Level[]): string {
  let path = "";
  for (const { keys, step } of levels) path += keys === undefined ? step : path === "" ? step : `.${step}`;
  return path.length > 200 ? `${path.slice(0, 200)}…` : path;
}
