import { createServer, type Server } from "node:net";

/**
 * Takes the first of several names that no other process on this host has: a listening socket in the abstract namespace, which is as wide as
 * the network namespace and gone with the process. So two clusters that start at the same instant cannot choose the same addresses.
 */
export async function reserveFirst(
  names: readonly string[],
): Promise<{ name: string; release: () => void } | undefined> {
  for (const name of names) {
    const server = await listen(`\0fairway-${name}`);
    if (server !== undefined) return { name, release: () => server.close() };
  }
  return undefined;
}

function listen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(path, () => resolve(server.unref()));
  });
}
