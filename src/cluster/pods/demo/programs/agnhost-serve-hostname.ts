import { text } from "../answers.ts";
import { parseOptions, parsePort } from "../options.ts";
import type { Listener, Runtime } from "../program.ts";

/** `agnhost serve-hostname`: the host name to every client, by HTTP (the default), --tcp or --udp, on --port 9376. */
export function serveHostname({ container }: Runtime): Listener[] {
  const options = parseOptions(container.args, {
    port: "value",
    http: "flag",
    tcp: "flag",
    udp: "flag",
    close: "flag",
  });
  const port = parsePort(options.get("port")?.at(-1) ?? "9376", "--port");
  const wants = (name: string, otherwise: boolean) => (options.get(name)?.at(-1) ?? String(otherwise)) === "true";
  const host = container.pod.name;
  const listeners: Listener[] = [];
  if (wants("tcp", false)) {
    listeners.push({
      protocol: "tcp",
      port,
      serve(socket) {
        socket.write(`${host}\n`);
        if (wants("close", false)) socket.end();
        else socket.on("data", () => socket.write(`${host}\n`));
      },
    });
  }
  if (wants("udp", false)) {
    listeners.push({ protocol: "udp", port, receive: (_data, _client, reply) => reply(`${host}\n`) });
  }
  // TCP and HTTP would want the same port; the stand-in takes what was asked for.
  if (wants("http", !wants("tcp", false) && !wants("udp", false))) {
    listeners.push({ protocol: "http", port, handle: (_, response) => text(response, host) });
  }
  return listeners;
}
