import { createServer, type Server } from "node:net";

/**
 * Takes a name that no other process on this host has: a listening socket in the abstract namespace, which is as wide as the network namespace
 * and gone with the process. So two clusters that start at the same instant cannot choose the same addresses. Resolves to what gives the name
 * back; undefined when another process has it.
 */
export async function reserve(name: string): Promise<(() => void) | undefined> {
  const server = await listen(`\0fairway-${name}`);
  return server && (() => server.close());
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
