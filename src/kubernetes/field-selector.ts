import { SelectorError } from "./requirement.ts";

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
