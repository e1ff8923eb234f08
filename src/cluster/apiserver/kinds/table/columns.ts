import type { Column } from "../descriptor.ts";

export const nameColumn: Column = { name: "Name", type: "string", format: "name" };
export const ageColumn: Column = { name: "Age", type: "string" };

export function text(name: string): Column {
  return { name, type: "string" };
}
export function integer(name: string): Column {
  return { name, type: "integer" };
}
/** A column that kubectl shows only with -o wide. */
export function wide(name: string): Column {
  return { name, type: "string", priority: 1 };
}
/** The wide columns of everything that runs Pods of a template. */
export const workloadColumns: Column[] = [wide("Containers"), wide("Images"), wide("Selector")];
