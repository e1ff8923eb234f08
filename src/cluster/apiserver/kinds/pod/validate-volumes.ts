import type { Container, PodSpec } from "../../../../kubernetes/types.ts";
import type { FieldError } from "../descriptor.ts";
import { duplicate, forbidden, invalid, notFound, required } from "../validation/errors.ts";
import { validateLabelName } from "../validation/fields.ts";

type Volume = NonNullable<PodSpec["volumes"]>[number];
type Item = { key?: string; path?: string; mode?: number };

export function validateVolumes(path: string, volumes: Volume[]): FieldError[] {
  const names = new Set<string>();
  return volumes.flatMap((volume, index) => {
    const field = `${path}[${index}]`;
    const errors = validateSources(field, volume);
    const { name } = volume;
    if (!name) errors.push(required(`${field}.name`));
    else {
      errors.push(...validateLabelName(`${field}.name`, name));
      if (names.has(name)) errors.push(duplicate(`${field}.name`, name));
      names.add(name);
    }
    return errors;
  });
}

function validateSources(field: string, volume: Volume): FieldError[] {
  const [first, ...others] = Object.keys(volume).filter((name) => name !== "name");
  if (first === undefined) return [required(field, "must specify a volume type")];
  const errors = others.map((name) => forbidden(`${field}.${name}`, "may not specify more than 1 volume type"));
  const { secret, configMap, hostPath, projected, downwardAPI } = volume;
  if (secret) {
    if (!secret.secretName) errors.push(required(`${field}.secret.secretName`));
    errors.push(...validateItems(`${field}.secret`, secret));
  }
  if (configMap) {
    if (!configMap.name) errors.push(required(`${field}.configMap.name`));
    errors.push(...validateItems(`${field}.configMap`, configMap));
  }
  if (hostPath) {
    if (!hostPath.path) errors.push(required(`${field}.hostPath.path`));
    else if (hostPath.path.split("/").includes("..")) {
      errors.push(invalid(`${field}.hostPath.path`, hostPath.path, "must not contain '..'"));
    }
  }
  if (downwardAPI) errors.push(...validateMode(`${field}.downwardAPI.defaultMode`, downwardAPI.defaultMode));
  if (projected) errors.push(...validateProjected(`${field}.projected`, projected));
  return errors;
}

function validateProjected(field: string, projected: NonNullable<Volume["projected"]>): FieldError[] {
  const errors = validateMode(`${field}.defaultMode`, projected.defaultMode);
  for (const [index, source] of (projected.sources ?? []).entries()) {
    const path = `${field}.sources[${index}]`;
    const { secret, configMap, serviceAccountToken: token } = source;
    if (Object.keys(source).length > 1) errors.push(forbidden(path, "may not specify more than 1 volume type"));
    if (secret) {
      if (!secret.name) errors.push(required(`${path}.secret.name`));
      errors.push(...validateItems(`${path}.secret`, secret));
    }
    if (configMap) {
      if (!configMap.name) errors.push(required(`${path}.configMap.name`));
      errors.push(...validateItems(`${path}.configMap`, configMap));
    }
    if (token) {
      const seconds = token.expirationSeconds ?? 0;
      if (seconds < 600) {
        const problem = "may not specify a duration less than 10 minutes";
        errors.push(invalid(`${path}.serviceAccountToken.expirationSeconds`, seconds, problem));
      }
      if (!token.path) errors.push(required(`${path}.serviceAccountToken.path`));
      else errors.push(...validateRelativePath(`${path}.serviceAccountToken.path`, token.path));
    }
  }
  return errors;
}

function validateItems(field: string, source: { defaultMode?: number; items?: Item[] }): FieldError[] {
  const errors = validateMode(`${field}.defaultMode`, source.defaultMode);
  for (const [index, { key, path, mode }] of (source.items ?? []).entries()) {
    const item = `${field}.items[${index}]`;
    if (!key) errors.push(required(`${item}.key`));
    if (!path) errors.push(required(`${item}.path`));
    else errors.push(...validateRelativePath(`${item}.path`, path));
    errors.push(...validateMode(`${item}.mode`, mode));
  }
  return errors;
}

function validateMode(field: string, mode: number | undefined): FieldError[] {
  return mode === undefined || (mode >= 0 && mode <= 0o777)
    ? []
    : [invalid(field, mode, "must be a number between 0 and 0777 (octal), both inclusive")];
}

function validateRelativePath(field: string, path: string): FieldError[] {
  if (path.startsWith("/")) return [invalid(field, path, "must be a relative path")];
  if (path.split("/").includes("..")) return [invalid(field, path, "must not contain '..'")];
  return path.startsWith("..") ? [invalid(field, path, "must not start with '..'")] : [];
}

export function validateVolumeMounts(path: string, container: Container, volumes: Volume[]): FieldError[] {
  const mountPaths = new Set<string>();
  return (container.volumeMounts ?? []).flatMap(({ name, mountPath, subPath, subPathExpr }, index) => {
    const field = `${path}.volumeMounts[${index}]`;
    const errors: FieldError[] = [];
    if (!name) errors.push(required(`${field}.name`));
    else if (!volumes.some((volume) => volume.name === name)) errors.push(notFound(`${field}.name`, name));
    if (!mountPath) errors.push(required(`${field}.mountPath`));
    else if (mountPaths.has(mountPath)) errors.push(invalid(`${field}.mountPath`, mountPath, "must be unique"));
    mountPaths.add(mountPath);
    if (subPath) errors.push(...validateRelativePath(`${field}.subPath`, subPath));
    if (subPathExpr) {
      if (subPath)
        errors.push(invalid(`${field}.subPathExpr`, subPathExpr, "subPathExpr and subPath are mutually exclusive"));
      errors.push(...validateRelativePath(`${field}.subPathExpr`, subPathExpr));
    }
    return errors;
  });
}
