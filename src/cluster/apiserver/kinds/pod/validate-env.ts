import { qualifiedNameErrors } from "../../../../kubernetes/labels.ts";
import type { Container } from "../../../../kubernetes/types.ts";
import type { FieldError } from "../descriptor.ts";
import { invalid, required } from "../validation/errors.ts";
import { configKey, environmentName } from "../validation/names.ts";

type EnvVar = NonNullable<Container["env"]>[number];
type EnvFrom = NonNullable<Container["envFrom"]>[number];

/** What a Pod may learn about itself by environment variables; volumes know fewer. */
const environmentFields = new Set([
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
]);

export function validateEnvironment(path: string, { env = [], envFrom = [] }: Container): FieldError[] {
  return [
    ...env.flatMap((variable, index) => validateVariable(`${path}.env[${index}]`, variable)),
    ...envFrom.flatMap((source, index) => validateSource(`${path}.envFrom[${index}]`, source)),
  ];
}

function validateVariable(path: string, { name, value, valueFrom }: EnvVar): FieldError[] {
  const errors = name
    ? environmentName(name).map((problem) => invalid(`${path}.name`, name, problem))
    : [required(`${path}.name`)];
  if (valueFrom === undefined) return errors;
  const field = `${path}.valueFrom`;
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  const count = Object.keys(valueFrom).length;
  if (fieldRef) errors.push(...validateFieldPath(`${field}.fieldRef.fieldPath`, fieldRef.fieldPath));
  if (resourceFieldRef && !resourceFieldRef.resource) errors.push(required(`${field}.resourceFieldRef.resource`));
  if (configMapKeyRef) errors.push(...validateKeyReference(`${field}.configMapKeyRef`, configMapKeyRef));
  if (secretKeyRef) errors.push(...validateKeyReference(`${field}.secretKeyRef`, secretKeyRef));
  if (count === 0) {
    const problem =
      "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`";
    errors.push(invalid(field, "", problem));
  } else if (value) {
    errors.push(invalid(field, "", "may not be specified when `value` is not empty"));
  } else if (count > 1) {
    errors.push(invalid(field, "", "may not have more than one field specified at a time"));
  }
  return errors;
}

function validateFieldPath(field: string, fieldPath: string | undefined): FieldError[] {
  if (!fieldPath) return [required(field)];
  if (environmentFields.has(fieldPath)) return [];
  const subscript = /^metadata\.(?:labels|annotations)\['(.*)'\]$/.exec(fieldPath);
  if (subscript !== null)
    return qualifiedNameErrors(subscript[1]!).map((problem) => invalid(field, fieldPath, problem));
  return [invalid(field, fieldPath, `error converting fieldPath: field label not supported: ${fieldPath}`)];
}

function validateKeyReference(path: string, { name, key }: { name?: string; key?: string }): FieldError[] {
  const errors = name ? [] : [required(`${path}.name`)];
  if (!key) errors.push(required(`${path}.key`));
  else errors.push(...configKey(key).map((problem) => invalid(`${path}.key`, key, problem)));
  return errors;
}

function validateSource(path: string, { prefix, configMapRef, secretRef }: EnvFrom): FieldError[] {
  const errors = prefix ? environmentName(prefix).map((problem) => invalid(`${path}.prefix`, prefix, problem)) : [];
  if (configMapRef && !configMapRef.name) errors.push(required(`${path}.configMapRef.name`));
  if (secretRef && !secretRef.name) errors.push(required(`${path}.secretRef.name`));
  if (configMapRef && secretRef) {
    errors.push(invalid(path, "", "may not have more than one field specified at a time"));
  } else if (!configMapRef && !secretRef) {
    errors.push(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"));
  }
  return errors;
}
