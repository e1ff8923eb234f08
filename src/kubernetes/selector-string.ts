import { createRequirement, type Operator, type Requirement, SelectorError } from "./requirement.ts";

/** Writes requirements as a selector string that parses to the same. */
export function formatLabelSelector(requirements: readonly Requirement[]): string {
  return requirements
    .map(({ key, operator, values }) => {
      if (operator === "exists") return key;
      if (operator === "!") return `!${key}`;
      if (operator === "in" || operator === "notin") return `${key} ${operator} (${values.join(",")})`;
      if (operator === "gt" || operator === "lt") return `${key}${operator === "gt" ? ">" : "<"}${values[0]}`;
      return `${key}${operator}${values[0]}`;
    })
    .join(",");
}

interface Token {
  kind: "identifier" | "symbol" | "end";
  text: string;
}

/** Symbols first come first served, the longer ones first; anything else up to the next of them or a space is an identifier. */
const tokenPattern = /\s*(?:(!=|==|=|!|,|\(|\)|<|>)|([^\s!=,()<>]+))/y;

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  tokenPattern.lastIndex = 0;
  for (let match = tokenPattern.exec(text); match !== null; match = tokenPattern.exec(text))
    tokens.push(match[1] === undefined ? { kind: "identifier", text: match[2]! } : { kind: "symbol", text: match[1] });
  tokens.push({ kind: "end", text: "" });
  return tokens;
}

/** Parses "a=b,c!=d,e in (f,g),!h,i>5". The empty string selects everything. Throws SelectorError with Kubernetes' words. */
export function parseLabelSelector(text: string): Requirement[] {
  const cursor = new TokenCursor(tokenize(text));
  const requirements: Requirement[] = [];
  while (cursor.next.kind !== "end") {
    if (!cursor.startsRequirement())
      throw new SelectorError(`found '${cursor.next.text}', expected: !, identifier, or 'end of string'`);
    try {
      requirements.push(parseRequirement(cursor));
    } catch (error) {
      if (error instanceof SelectorError) throw new SelectorError(`unable to parse requirement: ${error.message}`);
      throw error;
    }
    const after = cursor.take();
    if (after.kind === "end") break;
    if (after.text !== ",") throw new SelectorError(`found '${after.text}', expected: ',' or 'end of string'`);
    if (!cursor.startsRequirement())
      throw new SelectorError(`found '${cursor.next.text}', expected: identifier after ','`);
  }
  return requirements;
}

class TokenCursor {
  readonly tokens: Token[];
  position = 0;
  constructor(tokens: Token[]) {
    this.tokens = tokens;
  }
  get next(): Token {
    return this.tokens[this.position]!;
  }
  /** The end is never passed. */
  take(): Token {
    const token = this.next;
    if (token.kind !== "end") this.position += 1;
    return token;
  }
  isSymbol(text: string): boolean {
    return this.next.kind === "symbol" && this.next.text === text;
  }
  startsRequirement(): boolean {
    return this.next.kind === "identifier" || this.isSymbol("!");
  }
}

const binaryOperators: Record<string, Operator> = {
  in: "in",
  notin: "notin",
  "=": "=",
  "==": "==",
  "!=": "!=",
  ">": "gt",
  "<": "lt",
};

function parseRequirement(cursor: TokenCursor): Requirement {
  const negated = cursor.isSymbol("!");
  if (negated) cursor.take();
  const key = cursor.take();
  if (key.kind !== "identifier") throw new SelectorError(`found '${key.text}', expected: identifier`);
  if (negated || cursor.next.kind === "end" || cursor.isSymbol(","))
    return createRequirement(key.text, negated ? "!" : "exists", []);
  // The key's own faults come before the operator's.
  createRequirement(key.text, "exists", []);
  const word = cursor.take();
  const operator = Object.hasOwn(binaryOperators, word.text) ? binaryOperators[word.text] : undefined;
  if (operator === undefined) throw new SelectorError(`found '${word.text}', expected: in, notin, =, ==, !=, gt, lt`);
  const values = operator === "in" || operator === "notin" ? parseSet(cursor) : [parseValue(cursor)];
  return createRequirement(key.text, operator, values);
}

/** A value may be missing: "a=" asks for the empty string. */
function parseValue(cursor: TokenCursor): string {
  if (cursor.next.kind === "end" || cursor.isSymbol(",")) return "";
  const value = cursor.take();
  if (value.kind !== "identifier") throw new SelectorError(`found '${value.text}', expected: identifier`);
  return value.text;
}

/** "(a,b)"; an empty place between commas is the empty string. */
function parseSet(cursor: TokenCursor): string[] {
  const open = cursor.take();
  if (open.text !== "(") throw new SelectorError(`found '${open.text}' expected: '('`);
  const values: string[] = [];
  for (;;) {
    if (cursor.next.kind === "identifier") values.push(cursor.take().text);
    else if (cursor.isSymbol(",") || cursor.isSymbol(")")) values.push("");
    else throw new SelectorError(`found '${cursor.next.text}', expected: ',', ')' or identifier`);
    const after = cursor.take();
    if (after.text === ")") return values;
    if (after.text !== ",") throw new SelectorError(`found '${after.text}', expected: ',' or ')'`);
  }
}
