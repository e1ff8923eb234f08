import pino from "pino";

export type Logger = pino.Logger;

/**
 * The log of one role: JSON lines on stderr, written off the event loop. A reader that is too slow loses lines (counted in the next
 * line as `dropped`) instead of stalling a data plane.
 */
export function createLogger(role: string, level = process.env.FAIRWAY_LOG_LEVEL ?? "info"): Logger {
  const destination = pino.destination({ dest: 2, sync: false, maxLength: 1 << 20 });
  let dropped = 0;
  destination.on("drop", () => {
    dropped += 1;
  });
  destination.on("error", () => {});
  return pino(
    {
      name: role,
      level,
      base: { role, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: () => {
        if (dropped === 0) return {};
        const count = dropped;
        dropped = 0;
        return { dropped: count };
      },
    },
    destination,
  );
}
