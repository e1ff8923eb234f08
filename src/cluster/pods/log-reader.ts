import { type FileHandle, open, stat } from "node:fs/promises";
import type { ContainerLogs, LogSegment } from "./container-logs.ts";

/** What `kubectl logs` can ask for (core/v1 PodLogOptions). */
export interface LogOptions {
  follow: boolean;
  timestamps: boolean;
  /** Lines from the end; absent: all. */
  tailLines?: number;
  /** Milliseconds since 1970. */
  since?: number;
  limitBytes?: number;
}

const chunkSize = 64 << 10;
const newline = 10;

/**
 * Reads a container's log. With `follow` it goes on until `over` is aborted (the container has ended) and all is read, or until
 * `signal` is (nobody reads any more). Holds one chunk at a time in memory.
 */
export async function* readLog(
  logs: ContainerLogs,
  path: string,
  options: LogOptions,
  over: AbortSignal,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  const lines = options.timestamps
    ? stamped(logs, path, options, over, signal)
    : raw(logs, path, options, over, signal);
  for await (const { data } of lines) {
    const piece = data.length > left ? data.subarray(0, left) : data;
    left -= piece.length;
    if (piece.length > 0) yield piece;
    if (left <= 0) return;
  }
}

interface Piece {
  data: Buffer;
  inode: number;
  offset: number;
}

async function* raw(
  logs: ContainerLogs,
  path: string,
  options: LogOptions,
  over: AbortSignal,
  signal: AbortSignal,
): AsyncGenerator<Piece> {
  const segments = await logs.segments(path);
  const from = await startOf(logs, segments, options);
  for (const segment of segments.slice(from.index)) {
    const first = segment === segments[from.index];
    const last = segment === segments.at(-1);
    yield* readFile(logs, segment, first ? from.offset : segment.start, last && options.follow, over, signal);
    if (signal.aborted) return;
  }
  if (segments.length > 0 || !options.follow) return;
  // Nothing was written yet: wait for the file.
  while (!signal.aborted) {
    const ended = over.aborted;
    const segment = (await logs.segments(path)).at(-1);
    if (segment !== undefined) {
      yield* readFile(logs, segment, 0, true, over, signal);
      return;
    }
    if (ended) return;
    await logs.changed(path, AbortSignal.any([over, signal]));
  }
}

async function* readFile(
  logs: ContainerLogs,
  segment: LogSegment,
  from: number,
  follow: boolean,
  over: AbortSignal,
  signal: AbortSignal,
): AsyncGenerator<Piece> {
  let { path, inode } = segment;
  let file = await open(path);
  let offset = from;
  try {
    while (!signal.aborted) {
      const ended = over.aborted;
      const data = await readAt(file, offset, chunkSize);
      if (data.length > 0) {
        yield { data, inode, offset };
        offset += data.length;
        continue;
      }
      if (!follow) return;
      const current = await stat(path).catch(() => undefined);
      if (current !== undefined && current.ino !== inode) {
        // The writer began a new file; this one is read to its end.
        await file.close();
        file = await open(path);
        inode = current.ino;
        offset = 0;
      } else {
        if (ended) return;
        await logs.changed(path, AbortSignal.any([over, signal]));
      }
    }
  } finally {
    await file.close();
  }
}

async function* stamped(...parameters: Parameters<typeof raw>): AsyncGenerator<Piece> {
  const [logs] = parameters;
  let begun = false;
  for await (const { data, inode, offset } of raw(...parameters)) {
    const pieces: Buffer[] = [];
    for (let at = 0; at < data.length; ) {
      const end = data.indexOf(newline, at);
      if (!begun) pieces.push(Buffer.from(`${timestamp(logs.index(inode).timeOf(offset + at, Date.now()))} `));
      pieces.push(data.subarray(at, end < 0 ? data.length : end + 1));
      begun = end < 0;
      at = end < 0 ? data.length : end + 1;
    }
    yield { data: Buffer.concat(pieces), inode, offset };
  }
}

/** RFC 3339 with nine digits, as container runtimes write. */
function timestamp(time: number): string {
  return new Date(time).toISOString().replace("Z", "000000Z");
}

interface Position {
  index: number;
  offset: number;
}

async function startOf(logs: ContainerLogs, segments: readonly LogSegment[], options: LogOptions): Promise<Position> {
  let position: Position = { index: 0, offset: segments[0]?.start ?? 0 };
  // A file whose beginning was given back starts in the middle of a line.
  const first = segments[0];
  if (first !== undefined && first.start > 0) position.offset = await afterNewline(first, first.start);
  if (options.since !== undefined) position = later(position, sinceOf(logs, segments, options.since));
  if (options.tailLines !== undefined) position = later(position, await tailOf(segments, options.tailLines));
  return position;
}

function later(a: Position, b: Position): Position {
  return a.index > b.index || (a.index === b.index && a.offset >= b.offset) ? a : b;
}

function sinceOf(logs: ContainerLogs, segments: readonly LogSegment[], since: number): Position {
  for (const [index, { inode }] of segments.entries()) {
    const offset = logs.index(inode).offsetOf(since);
    if (offset !== undefined) return { index, offset };
  }
  return endOf(segments);
}

function endOf(segments: readonly LogSegment[]): Position {
  return { index: Math.max(0, segments.length - 1), offset: segments.at(-1)?.size ?? 0 };
}

/** Where the last `wanted` lines begin, read backwards from the end. */
async function tailOf(segments: readonly LogSegment[], wanted: number): Promise<Position> {
  if (wanted === 0) return endOf(segments);
  let left = wanted;
  for (let index = segments.length - 1; index >= 0; index -= 1) {
    const { path, start, size } = segments[index] as LogSegment;
    const file = await open(path);
    try {
      for (let end = size; end > start; ) {
        const begin = Math.max(start, end - chunkSize);
        const data = await readAt(file, begin, end - begin);
        for (let at = data.lastIndexOf(newline); at >= 0; at = at === 0 ? -1 : data.lastIndexOf(newline, at - 1)) {
          // The newline at the very end closes the last line and begins none.
          if (begin + at + 1 === size && index === segments.length - 1) continue;
          left -= 1;
          if (left === 0) return { index, offset: begin + at + 1 };
        }
        end = begin;
      }
    } finally {
      await file.close();
    }
  }
  return { index: 0, offset: segments[0]?.start ?? 0 };
}

async function afterNewline({ path, size }: LogSegment, from: number): Promise<number> {
  const file = await open(path);
  try {
    for (let at = from; at < size; at += chunkSize) {
      const data = await readAt(file, at, Math.min(chunkSize, size - at));
      const found = data.indexOf(newline);
      if (found >= 0) return at + found + 1;
    }
    return size;
  } finally {
    await file.close();
  }
}

async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, offset);
  return buffer.subarray(0, bytesRead);
}
