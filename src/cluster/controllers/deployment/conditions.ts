import type { Deployment } from "../../../kubernetes/types.ts";

export type DeploymentCondition = NonNullable<NonNullable<Deployment["status"]>["conditions"]>[number];
export type NewCondition = Pick<DeploymentCondition, "type" | "status"> & { reason: string; message: string };

export function findCondition(
  conditions: readonly DeploymentCondition[] | undefined,
  type: string,
): DeploymentCondition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/**
 * Puts a condition in its place. Same status and reason: what is there stays (its times tell since when). lastTransitionTime moves only
 * with the status. `now` in milliseconds since the epoch.
 */
export function setCondition(
  conditions: readonly DeploymentCondition[],
  condition: NewCondition,
  now: number,
): DeploymentCondition[] {
  const old = findCondition(conditions, condition.type);
  if (old?.status === condition.status && old.reason === condition.reason) return [...conditions];
  return replaceCondition(conditions, condition, now);
}

/** As setCondition, but also refreshes lastUpdateTime and the message when status and reason stay: there was progress. */
export function replaceCondition(
  conditions: readonly DeploymentCondition[],
  condition: NewCondition,
  now: number,
): DeploymentCondition[] {
  const old = findCondition(conditions, condition.type);
  const time = `${new Date(now).toISOString().slice(0, 19)}Z`;
  const lastTransitionTime = old?.status === condition.status ? (old.lastTransitionTime ?? time) : time;
  const others = conditions.filter(({ type }) => type !== condition.type);
  return [...others, { ...condition, lastUpdateTime: time, lastTransitionTime }];
}

export function removeCondition(conditions: readonly DeploymentCondition[], type: string): DeploymentCondition[] {
  return conditions.filter((condition) => condition.type !== type);
}
