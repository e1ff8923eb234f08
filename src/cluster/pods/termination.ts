import { setTimeout as sleep } from "node:timers/promises";
import type { Container as Spec } from "../../kubernetes/types.ts";
import type { Verdict } from "./container-files.ts";
import type { NodeContext } from "./context.ts";
import { execInContainer } from "./exec.ts";
import { act } from "./probe-action.ts";
import type { Container } from "./runtime.ts";

type Handler = NonNullable<NonNullable<Spec["lifecycle"]>["preStop"]>;

/** Kubernetes gives a container two more seconds to take the signal when its preStop hook has used up the grace period. */
const leastAfterHook = 2_000;
/** A hook ends with its container; this bound only keeps a forgotten one from staying for ever. */
const longestHook = 3600 * 1000;

/**
 * Ends one container as kubelet does: preStop hook, SIGTERM, SIGKILL when `grace` milliseconds are over. Resolves when it has
 * ended. A hook that fails is told by `onHookFailure` and changes nothing else.
 */
export async function terminateContainer(
  context: Pick<NodeContext, "runtime" | "demo">,
  container: Container,
  options: { spec?: Spec; grace: number; onHookFailure: (message: string) => void; verdict?: Verdict },
): Promise<void> {
  const { runtime, demo } = context;
  const { spec, grace, onHookFailure, verdict } = options;
  const deadline = Date.now() + grace;
  const ended = whenEnded(context, container);
  const hook = spec?.lifecycle?.preStop;
  if (hook !== undefined && spec !== undefined && grace > 0) {
    const over = new AbortController();
    const timeUp = sleep(grace, undefined, { signal: over.signal }).catch(() => {});
    await Promise.race([
      runHook(context, container, spec, hook).catch((error) => onHookFailure((error as Error).message)),
      ended,
      timeUp,
    ]);
    over.abort();
  }
  const left = Math.max(hook === undefined ? 0 : leastAfterHook, deadline - Date.now());
  if (grace > 0) {
    if (container.spec.launch.kind === "demo") {
      // The program is in the demo server, which answers what is under way; it then leaves as a well-behaved server would, with 0.
      await demo.stop(container.spec.id, left).catch(() => {});
      await runtime.signal(container, "SIGTERM", { code: 0, ...verdict });
    } else await runtime.signal(container, "SIGTERM", verdict);
    const timer = setTimeout(() => void runtime.signal(container, "SIGKILL", verdict), Math.max(0, left));
    await ended;
    clearTimeout(timer);
  } else {
    if (container.spec.launch.kind === "demo") await demo.stop(container.spec.id, 0).catch(() => {});
    await runtime.signal(container, "SIGKILL", verdict);
    await ended;
  }
}

/** Runs a preStop or postStart hook to its end. Rejects when it fails. */
export async function runHook(
  context: Pick<NodeContext, "runtime">,
  container: Container,
  spec: Spec,
  hook: Handler,
): Promise<void> {
  if (hook.sleep) {
    await sleep(hook.sleep.seconds * 1000);
    return;
  }
  const exec = (argv: string[], timeout: number) => execInContainer(context.runtime, container, argv, timeout);
  const result = await act(hook, { host: container.spec.pod.address, container: spec, exec }, longestHook);
  if (!result.success) throw new Error(result.message || "the hook failed");
}

function whenEnded({ runtime }: Pick<NodeContext, "runtime">, container: Container): Promise<void> {
  return new Promise((resolve) => {
    if (container.exit !== undefined) return resolve();
    const stop = runtime.onExit((other) => {
      if (other !== container) return;
      stop();
      resolve();
    });
  });
}
