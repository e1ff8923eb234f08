import { type Program, UsageError } from "../program.ts";
import { netexec } from "./agnhost-netexec.ts";
import { serveHostname } from "./agnhost-serve-hostname.ts";

/** registry.k8s.io/e2e-test-images/agnhost: the first argument is a subcommand; these are known: */
const subcommands: Readonly<Record<string, Program["listeners"]>> = {
  netexec,
  "serve-hostname": serveHostname,
  pause: () => [],
};

export const agnhost: Program = {
  server: "fairway-stand-in/agnhost",
  greeting: "Fairway's stand-in for agnhost",
  listeners(runtime) {
    const [name = "pause", ...args] = runtime.container.args;
    const listeners = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
    if (listeners === undefined) {
      throw new UsageError(
        `unknown command ${JSON.stringify(name)} for "agnhost"; Fairway's stand-in has ${Object.keys(subcommands).join(", ")}`,
      );
    }
    return listeners({
      container: { ...runtime.container, args },
      log: (line) => runtime.log(line),
      exit: (code) => runtime.exit(code),
    });
  },
};
