import { matchesLabels, meetsNodeExpression } from "../../../kubernetes/label-selector.ts";
import type { Node, Pod } from "../../../kubernetes/types.ts";

type Required = NonNullable<
  NonNullable<
    NonNullable<NonNullable<Pod["spec"]>["affinity"]>["nodeAffinity"]
  >["requiredDuringSchedulingIgnoredDuringExecution"]
>;
type Term = Required["nodeSelectorTerms"][number];

/** Whether a node is one that a Pod asks for by nodeSelector and required node affinity. */
export function wantsNode(pod: Pod, node: Node): boolean {
  const { nodeSelector, affinity } = pod.spec ?? {};
  if (!matchesLabels(nodeSelector ?? {}, node.metadata?.labels)) return false;
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  // Terms are alternatives; a list of none matches nothing.
  return required === undefined || required.nodeSelectorTerms.some((term) => matchesTerm(term, node));
}

/** The weights of all preferences that a node meets. */
export function preferenceOf(pod: Pod, node: Node): number {
  const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return preferred.reduce((sum, { weight, preference }) => {
    const isEmpty = !preference.matchExpressions?.length && !preference.matchFields?.length;
    return isEmpty || matchesTerm(preference, node) ? sum + weight : sum;
  }, 0);
}

/** All expressions of a term must hold; an empty term matches nothing. */
function matchesTerm({ matchExpressions = [], matchFields = [] }: Term, node: Node): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false;
  return (
    matchExpressions.every((expression) => meetsNodeExpression(expression, node.metadata?.labels?.[expression.key])) &&
    // metadata.name is the only field there is.
    matchFields.every((field) =>
      meetsNodeExpression(field, field.key === "metadata.name" ? node.metadata?.name : undefined),
    )
  );
}
