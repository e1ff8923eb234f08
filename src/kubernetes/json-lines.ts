const newline = 0x0a;

/** More than any object that an API server stores: etcd takes 1.5 MiB, JSON in JSON can blow that up. */
const defaultMaximumLine = 16 << 20;

/**
 * Splits a stream into the JSON values that its lines hold. Throws when a line is longer than `maximum` bytes or is not JSON; a last line
 * without a newline was cut off in mid-sending and is left out.
 */
export async function* decodeJsonLines(
  body: AsyncIterable<Uint8Array>,
  maximum: number = defaultMaximumLine,
): AsyncGenerator<unknown> {
  let pending: Buffer[] = [];
  let size = 0;
  for await (const data of body) {
    const chunk = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      const tail = chunk.subarray(start, end);
      if (size + tail.length > maximum) throw tooLong(maximum);
      const line = pending.length === 0 ? tail : Buffer.concat([...pending, tail]);
      pending = [];
      size = 0;
      start = end + 1;
      if (line.length > 0) yield parse(line);
    }
    if (start < chunk.length) {
      const rest = chunk.subarray(start);
      size += rest.length;
      if (size > maximum) throw tooLong(maximum);
      pending.push(rest);
    }
  }
}

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString("utf8"));
  } catch (error) {
    throw new Error(`the API sent a line that is not JSON: ${(error as Error).message}`);
  }
}

function tooLong(maximum: number): Error {
  return new Error(`the API sent a line of more than ${maximum} bytes`);
}
