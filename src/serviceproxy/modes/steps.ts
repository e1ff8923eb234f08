/** Takes all steps one after another, also when some fail; then rejects with what failed, all told in the message. */
export async function takeSteps(steps: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: Error[] = [];
  for (const step of steps) await step().catch((error: Error) => failures.push(error));
  if (failures.length > 0) throw new AggregateError(failures, failures.map(({ message }) => message).join("; "));
}
