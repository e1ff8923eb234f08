import { labelValueErrors, qualifiedNameErrors } from "./labels.ts";
import type { LabelSelector } from "./types.ts";

export type Operator = "in" | "notin" | "=" | "==" | "!=" | "exists" | "!" | "gt" | "lt";

/** One condition on a label; all of a selector's must hold. */
export interface Requirement {
  key: string;
  operator: Operator;
  /** Sorted, without doubles. */
  values: string[];
}

/** A selector that does not parse. The message is the one that Kubernetes' API server gives. */
export class SelectorError extends Error {
  override name = "SelectorError";
}

type Labels = Readonly<Record<string, string>> | undefined;

/** Whether labels meet every requirement. No requirement: everything matches. */
export function matchesRequirements(requirements: readonly Requirement[], labels: Labels): boolean {
  return requirements.every((requirement) => matchesRequirement(requirement, labels ?? {}));
}

function matchesRequirement({ key, operator, values }: Requirement, labels: NonNullable<Labels>): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "exists":
      return value !== undefined;
    case "!":
      return value === undefined;
    case "in":
    case "=":
    case "==":
      return value !== undefined && values.includes(value);
    // A label that is not there differs from every value.
    case "notin":
    case "!=":
      return value === undefined || !values.includes(value);
    case "gt":
    case "lt": {
      if (value === undefined || !integerPattern.test(value)) return false;
      const [left, right] = [BigInt(value), BigInt(values[0]!)];
      return operator === "gt" ? left > right : left < right;
    }
  }
}

const integerPattern = /^[-+]?\d{1,19}$/;

/** Checks a requirement as Kubernetes does. Throws SelectorError. */
export function createRequirement(key: string, operator: Operator, values: readonly string[]): Requirement {
  const keyErrors = qualifiedNameErrors(key);
  if (keyErrors.length > 0) throw new SelectorError(`<nil>: Invalid value: ${quote(key)}: ${keyErrors.join("; ")}`);
  const unique = [...new Set(values)].sort();
  const listed = `[${unique.map(quote).join(",")}]`;
  if ((operator === "in" || operator === "notin") && unique.length === 0)
    throw new SelectorError(`values: Invalid value: ${listed}: for 'in', 'notin' operators, values set can't be empty`);
  if ((operator === "exists" || operator === "!") && unique.length > 0)
    throw new SelectorError(`values: Invalid value: ${listed}: values set must be empty for exists and does not exist`);
  if (operator === "gt" || operator === "lt") {
    if (unique.length !== 1)
      throw new SelectorError(
        `values: Invalid value: ${listed}: for 'Gt', 'Lt' operators, exactly one value is required`,
      );
    if (!integerPattern.test(unique[0]!))
      throw new SelectorError(
        `values[0]: Invalid value: ${quote(unique[0]!)}: for 'Gt', 'Lt' operators, the value must be an integer`,
      );
  }
  for (const [index, value] of unique.entries()) {
    const errors = labelValueErrors(value);
    if (errors.length > 0)
      throw new SelectorError(`values[${index}][${key}]: Invalid value: ${quote(value)}: ${errors.join("; ")}`);
  }
  return { key, operator, values: unique };
}

function quote(text: string): string {
  return JSON.stringify(text);
}

const objectOperators: Record<string, Operator> = { In: "in", NotIn: "notin", Exists: "exists", DoesNotExist: "!" };

/** A LabelSelector object. Undefined selects nothing (the result is undefined then), an empty one everything. Throws SelectorError. */
export function fromLabelSelector(selector: LabelSelector | undefined): Requirement[] | undefined {
  if (selector === undefined || selector === null) return undefined;
  const requirements = Object.entries(selector.matchLabels ?? {}).map(([key, value]) =>
    createRequirement(key, "=", [value]),
  );
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const known = Object.hasOwn(objectOperators, operator) ? objectOperators[operator] : undefined;
    if (known === undefined) throw new SelectorError(`"${operator}" is not a valid label selector operator`);
    requirements.push(createRequirement(key ?? "", known, values ?? []));
  }
  return requirements;
}

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

/** One condition on a field; `negated` for "!=". */
export interface FieldTerm {
  field: string;
  value: string;
  negated: boolean;
}

/** Parses "metadata.name=a,status.phase!=Running"; backslash escapes comma, equals sign and itself. Throws SelectorError. */
export function parseFieldSelector(text: string): FieldTerm[] {
  const terms: FieldTerm[] = [];
  for (const part of splitUnescaped(text)) {
    if (part === "") continue;
    const match = /^(.*?)(!=|==|=)(.*)$/s.exec(part);
    if (match === null) throw new SelectorError(`invalid selector: '${text}'; can't understand '${part}'`);
    terms.push({ field: match[1]!, value: unescapeValue(match[3]!), negated: match[2] === "!=" });
  }
  return terms;
}

function splitUnescaped(text: string): string[] {
  return text.match(/(?:\\[\s\S]|[^,\\]|\\$)+/g) ?? [];
}

function unescapeValue(text: string): string {
  const bad = /(?:^|[^\\])(?:\\\\)*(\\(?:[^\\,=]|$))/s.exec(text);
  if (bad !== null) throw new SelectorError(`invalid field selector: invalid escape sequence: ${bad[1]}`);
  if (/(?:^|[^\\])(?:\\\\)*[,=]/s.test(text))
    throw new SelectorError(`invalid field selector: unescaped character in value: ${text}`);
  return text.replace(/\\([\\,=])/g, "$1");
}

/** Whether an object whose fields `read` reads meets every term; a field that is absent reads as "". */
export function matchesFields(terms: readonly FieldTerm[], read: (field: string) => string | undefined): boolean {
  return terms.every(({ field, value, negated }) => ((read(field) ?? "") === value) !== negated);
}
