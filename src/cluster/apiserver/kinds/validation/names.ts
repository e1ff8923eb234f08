/**
 * The name formats of Kubernetes (k8s.io/apimachinery/pkg/util/validation). Each function gives what is wrong in Kubernetes' words, or
 * nothing. The expressions have no nested repetition that could take long on hostile input.
 */
const label1123 = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomain1123 = `${label1123}(\\.${label1123})*`;
const label1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const qualifiedPart = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const labelValue = `(${qualifiedPart})?`;

const anchored = (source: string) => new RegExp(`^(?:${source})$`);
const label1123Expression = anchored(label1123);
const subdomainExpression = anchored(subdomain1123);
const label1035Expression = anchored(label1035);
const qualifiedPartExpression = anchored(qualifiedPart);
const labelValueExpression = anchored(labelValue);

/** RFC 1123 label: at most 63 of a-z, 0-9 and "-", not at an end. */
export function dnsLabel(name: string): string[] {
  return [
    ...atMost(63, name),
    ...matches(
      label1123Expression,
      name,
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
      label1123,
      "my-name",
      "123-abc",
    ),
  ];
}

/** RFC 1123 subdomain: labels joined with dots, at most 253 bytes. */
export function dnsSubdomain(name: string): string[] {
  return [
    ...atMost(253, name),
    ...matches(
      subdomainExpression,
      name,
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
      subdomain1123,
      "example.com",
    ),
  ];
}

/** RFC 1035 label: as RFC 1123, but starting with a letter. */
export function dnsLabel1035(name: string): string[] {
  return [
    ...atMost(63, name),
    ...matches(
      label1035Expression,
      name,
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
      label1035,
      "my-name",
      "abc-123",
    ),
  ];
}

/** "*.example.com". */
export function wildcardSubdomain(name: string): string[] {
  return [
    ...atMost(253, name),
    ...matches(
      anchored(`\\*\\.${subdomain1123}`),
      name,
      "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
      `\\*\\.${subdomain1123}`,
      "*.example.com",
    ),
  ];
}

/** A name that is safe as one segment of a URL path: RBAC's names. */
export function pathSegment(name: string): string[] {
  if (name === "." || name === "..") return [`may not be '${name}'`];
  return ["/", "%"]
    .filter((character) => name.includes(character))
    .map((character) => `may not contain '${character}'`);
}

/** A label or annotation key: an optional DNS prefix with "/", then at most 63 characters. */
export function qualifiedName(key: string): string[] {
  const parts = key.split("/");
  const description =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  if (parts.length > 2) {
    return [
      `a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${qualifiedPart}') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const problems: string[] = [];
  if (parts.length === 2) {
    const prefix = parts[0] ?? "";
    if (prefix === "") problems.push("prefix part must be non-empty");
    else problems.push(...dnsSubdomain(prefix).map((problem) => `prefix part ${problem}`));
  }
  const name = parts.at(-1) ?? "";
  if (name === "") problems.push("name part must be non-empty");
  else if (name.length > 63) problems.push("name part must be no more than 63 bytes");
  problems.push(...matches(qualifiedPartExpression, name, description, qualifiedPart, "MyName", "my.name", "123-abc"));
  return problems;
}

/** A label's value: empty, or at most 63 characters. */
export function labelValueProblems(value: string): string[] {
  return [
    ...atMost(63, value),
    ...matches(
      labelValueExpression,
      value,
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
      labelValue,
      "MyValue",
      "my_value",
      "12345",
    ),
  ];
}

/** The name of a container port: at most 15 of a-z, 0-9 and "-", with a letter (RFC 6335). */
export function portName(name: string): string[] {
  const problems = atMost(15, name);
  if (!/^[-a-z0-9]+$/.test(name)) {
    problems.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (!/[a-z]/.test(name)) problems.push("must contain at least one letter (a-z)");
  if (name.includes("--")) problems.push("must not contain consecutive hyphens");
  if (name.startsWith("-") || name.endsWith("-")) problems.push("must not begin or end with a hyphen");
  return problems;
}

/** A key of a ConfigMap or Secret: it becomes a file name. */
export function configKey(key: string): string[] {
  const problems = atMost(253, key);
  if (!/^[-._a-zA-Z0-9]+$/.test(key)) {
    problems.push(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    );
  }
  if (key === "." || key === "..") problems.push(`must not be '${key}'`);
  else if (key.startsWith("..")) problems.push("must not start with '..'");
  return problems;
}

/** The name of an environment variable: any printable ASCII but "=" (Kubernetes 1.34, KEP-4369). */
export function environmentName(name: string): string[] {
  if (/^[ -<>-~]+$/.test(name)) return [];
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

function atMost(bytes: number, text: string): string[] {
  return Buffer.byteLength(text) > bytes ? [`must be no more than ${bytes} bytes`] : [];
}

function matches(
  expression: RegExp,
  text: string,
  description: string,
  source: string,
  ...examples: string[]
): string[] {
  if (expression.test(text)) return [];
  const quoted = examples.map((example, index) => (index === 0 ? `'${example}'` : ` or '${example}'`)).join(", ");
  return [`${description} (e.g. ${quoted}, regex used for validation is '${source}')`];
}
