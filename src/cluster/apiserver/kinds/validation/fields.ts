import { isIP } from "node:net";
import type { FieldError } from "../descriptor.ts";
import { invalid, notSupported } from "./errors.ts";
import { dnsLabel, dnsSubdomain, portName } from "./names.ts";

export const protocols = ["SCTP", "TCP", "UDP"] as const;

/** A port number of TCP, UDP or SCTP. */
export function validatePortNumber(field: string, port: number): FieldError[] {
  return port >= 1 && port <= 65535 ? [] : [invalid(field, port, "must be between 1 and 65535, inclusive")];
}

/** A port by number, or by the name it has in the container. */
export function validatePortNumberOrName(field: string, port: number | string): FieldError[] {
  if (typeof port === "number") return validatePortNumber(field, port);
  return portName(port).map((problem) => invalid(field, port, problem));
}

export function validateIP(field: string, address: string): FieldError[] {
  return isIP(address) === 0 || address.includes("%")
    ? [invalid(field, address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
    : [];
}

/** An address that traffic can be sent to from another host (KEP-752's rules for endpoints). */
export function validateEndpointIP(field: string, address: string): FieldError[] {
  const errors = validateIP(field, address);
  if (errors.length > 0) return errors;
  const problem = specialAddresses.find(({ prefix }) => prefix.test(address))?.problem;
  return problem === undefined ? [] : [invalid(field, address, problem)];
}

const specialAddresses = [
  { prefix: /^(0\.0\.0\.0|::|0(:0){7})$/, problem: "may not be unspecified (0.0.0.0 or ::)" },
  { prefix: /^(127\.|::1$|(0:){7}1$)/, problem: "may not be in the loopback range (127.0.0.0/8, ::1/128)" },
  {
    prefix: /^(169\.254\.|fe[89ab][0-9a-f]:)/i,
    problem: "may not be in the link-local range (169.254.0.0/16, fe80::/10)",
  },
  {
    prefix: /^(224\.0\.0\.|ff02:)/i,
    problem: "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
  },
];

export function validateCIDR(field: string, text: string): FieldError[] {
  const [address = "", bits = "", ...rest] = text.split("/");
  const family = isIP(address);
  const length = /^(0|[1-9]\d{0,2})$/.test(bits) ? Number(bits) : Number.POSITIVE_INFINITY;
  return family !== 0 && rest.length === 0 && length <= (family === 4 ? 32 : 128)
    ? []
    : [invalid(field, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")];
}

export function validateSubdomain(field: string, name: string): FieldError[] {
  return dnsSubdomain(name).map((problem) => invalid(field, name, problem));
}

export function validateLabelName(field: string, name: string): FieldError[] {
  return dnsLabel(name).map((problem) => invalid(field, name, problem));
}

/** One of a closed set of words. */
export function validateOneOf(field: string, value: string, supported: readonly string[]): FieldError[] {
  return supported.includes(value) ? [] : [notSupported(field, value, supported)];
}

export function validateNonNegative(field: string, value: number | undefined): FieldError[] {
  return value === undefined || value >= 0 ? [] : [invalid(field, value, "must be greater than or equal to 0")];
}

export function validatePositive(field: string, value: number | undefined): FieldError[] {
  return value === undefined || value > 0 ? [] : [invalid(field, value, "must be greater than 0")];
}
