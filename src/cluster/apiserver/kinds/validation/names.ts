import { patternMessage } from "../../../../kubernetes/labels.ts";

/**
 * The name formats of Kubernetes (k8s.io/apimachinery/pkg/util/validation). Each function gives what is wrong in Kubernetes' words, or
 * nothing (label keys and values: src/kubernetes/labels.ts). The expressions have no nested repetition that could take long on hostile input.
 */
const label1123 = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomain1123 = `${label1123}(\\.${label1123})*`;
const label1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";

const label1123Expression = anchored(label1123);
const subdomainExpression = anchored(subdomain1123);
const label1035Expression = anchored(label1035);
const wildcardExpression = anchored(`\\*\\.${subdomain1123}`);

/** RFC 1123 label: at most 63 of a-z, 0-9 and "-", not at an end. */
export function dnsLabel(name: string): string[] {
  return [
    ...atMost(63, name),
    ...matches(
      label1123Expression,
      name,
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
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
      wildcardExpression,
      name,
      "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
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

function anchored(source: string): RegExp {
  return new RegExp(`^${source}$`);
}

function matches(expression: RegExp, text: string, description: string, ...examples: string[]): string[] {
  return expression.test(text) ? [] : [patternMessage(description, expression, examples)];
}
