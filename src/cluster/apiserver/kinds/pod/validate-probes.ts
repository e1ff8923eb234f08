import type { Container, Probe } from "../../../../kubernetes/types.ts";
import type { FieldError } from "../descriptor.ts";
import { forbidden, invalid, required } from "../validation/errors.ts";
import {
  validateNonNegative,
  validateOneOf,
  validatePortNumber,
  validatePortNumberOrName,
} from "../validation/fields.ts";

type Handler = Pick<Probe, "exec" | "httpGet" | "tcpSocket" | "grpc">;

/** The three probes of a container. */
export function validateProbes(path: string, container: Container): FieldError[] {
  const { livenessProbe, readinessProbe, startupProbe } = container;
  return [
    ...validateProbe(`${path}.livenessProbe`, livenessProbe),
    ...mustSucceedOnce(`${path}.livenessProbe`, livenessProbe),
    ...validateProbe(`${path}.readinessProbe`, readinessProbe),
    ...(readinessProbe?.terminationGracePeriodSeconds === undefined
      ? []
      : [
          invalid(
            `${path}.readinessProbe.terminationGracePeriodSeconds`,
            readinessProbe.terminationGracePeriodSeconds,
            "must not be set for readinessProbes",
          ),
        ]),
    ...validateProbe(`${path}.startupProbe`, startupProbe),
    ...mustSucceedOnce(`${path}.startupProbe`, startupProbe),
  ];
}

export function validateLifecycle(path: string, lifecycle: Container["lifecycle"]): FieldError[] {
  return (["postStart", "preStop"] as const).flatMap((hook) => {
    const handler = lifecycle?.[hook];
    if (handler === undefined) return [];
    const field = `${path}.lifecycle.${hook}`;
    const { sleep, ...others } = handler;
    if (sleep === undefined) return validateHandler(field, others);
    if (Object.keys(others).length > 0) {
      return [forbidden(`${field}.sleep`, "may not specify more than 1 handler type")];
    }
    return validateNonNegative(`${field}.sleep.seconds`, sleep.seconds);
  });
}

function validateProbe(path: string, probe: Probe | undefined): FieldError[] {
  if (probe === undefined) return [];
  const errors = validateHandler(path, probe);
  const counts = ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];
  for (const field of counts as (keyof Probe)[]) {
    errors.push(...validateNonNegative(`${path}.${field}`, probe[field] as number | undefined));
  }
  const grace = probe.terminationGracePeriodSeconds;
  if (grace !== undefined && grace <= 0) {
    errors.push(invalid(`${path}.terminationGracePeriodSeconds`, grace, "must be greater than 0"));
  }
  return errors;
}

function mustSucceedOnce(path: string, probe: Probe | undefined): FieldError[] {
  const threshold = probe?.successThreshold;
  return threshold === undefined || threshold === 1
    ? []
    : [invalid(`${path}.successThreshold`, threshold, "must be 1")];
}

function validateHandler(path: string, handler: Handler): FieldError[] {
  const errors: FieldError[] = [];
  let found = 0;
  for (const type of ["exec", "httpGet", "tcpSocket", "grpc"] as const) {
    if (handler[type] === undefined) continue;
    if (++found > 1) errors.push(forbidden(`${path}.${type}`, "may not specify more than 1 handler type"));
    else errors.push(...validateAction(`${path}.${type}`, handler));
  }
  if (found === 0) errors.push(required(path, "must specify a handler type"));
  return errors;
}

function validateAction(path: string, { exec, httpGet, tcpSocket, grpc }: Handler): FieldError[] {
  if (exec) return (exec.command ?? []).length === 0 ? [required(`${path}.command`)] : [];
  if (httpGet) return validateHttpGet(path, httpGet);
  if (tcpSocket) return validatePortNumberOrName(`${path}.port`, tcpSocket.port ?? 0);
  return validatePortNumber(`${path}.port`, grpc?.port ?? 0);
}

function validateHttpGet(path: string, action: NonNullable<Handler["httpGet"]>): FieldError[] {
  const errors = validatePortNumberOrName(`${path}.port`, action.port ?? 0);
  if (!action.path) errors.push(required(`${path}.path`));
  errors.push(...validateOneOf(`${path}.scheme`, action.scheme ?? "", ["HTTP", "HTTPS"]));
  for (const [index, { name }] of (action.httpHeaders ?? []).entries()) {
    if (/^[-A-Za-z0-9]+$/.test(name ?? "")) continue;
    const problem =
      "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
    errors.push(invalid(`${path}.httpHeaders[${index}]`, name ?? "", problem));
  }
  return errors;
}
