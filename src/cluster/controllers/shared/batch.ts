/**
 * Runs `count` calls in batches of 1, 2, 4, …: when the first of many would be refused (quota, invalid template), only few are tried.
 * Resolves to the number of calls that succeeded and the first error; after a batch with an error no further one begins.
 */
export async function slowStart(
  count: number,
  call: (index: number) => Promise<unknown>,
  largestBatch = 64,
): Promise<{ succeeded: number; error?: unknown }> {
  let done = 0;
  let succeeded = 0;
  for (let size = 1; done < count; size = Math.min(size * 2, largestBatch)) {
    const batch = Math.min(size, count - done);
    const from = done;
    const results = await Promise.allSettled(Array.from({ length: batch }, (_, index) => call(from + index)));
    done += batch;
    succeeded += results.filter(({ status }) => status === "fulfilled").length;
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) return { succeeded, error: failed.reason };
  }
  return { succeeded };
}

/** Runs a call for each item, at most `concurrency` at a time. All are tried; then the first error is thrown. */
export async function forEachLimited<T>(
  items: Iterable<T>,
  concurrency: number,
  call: (item: T) => Promise<unknown>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const errors: unknown[] = [];
  const worker = async () => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) {
      try {
        await call(next.value);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  if (errors.length > 0) throw errors[0];
}
