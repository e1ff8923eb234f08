import type { Container, Probe } from "../../kubernetes/types.ts";
import { type ActionContext, act } from "./probe-action.ts";
import { afterResult, initialState, type ProbeKind, type ProbeState, thresholds, timing } from "./probe-state.ts";

export interface ProberOptions {
  container: Container;
  context: ActionContext;
  startedAt: Date;
  /** What was known before this agent was started, so that its start changes nothing. */
  before?: { started: boolean; ready: boolean };
  /** Readiness or being started has changed. */
  onChange: () => void;
  /** A startup or liveness probe has failed for good. */
  onExhausted: (kind: ProbeKind) => void;
  onFailure: (kind: ProbeKind, message: string) => void;
}

/** Runs the probes of one run of a container, from its start to `stop`. */
export class Prober {
  readonly #options: ProberOptions;
  readonly #states = new Map<ProbeKind, ProbeState>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #stopped = false;

  constructor(options: ProberOptions) {
    this.#options = options;
    const { container, before } = options;
    for (const kind of ["startup", "liveness", "readiness"] as const)
      if (probeOf(container, kind) !== undefined) this.#states.set(kind, initialState(kind));
    if (before?.started) this.#assume("startup");
    if (before?.ready) this.#assume("readiness");
    if (this.#states.has("startup") && !this.started) this.#schedule("startup", true);
    else this.#beginOthers();
  }

  /** No startup probe, or it has passed. */
  get started(): boolean {
    return this.#states.get("startup")?.passing ?? true;
  }

  get ready(): boolean {
    return this.started && (this.#states.get("readiness")?.passing ?? true);
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** While a Pod terminates only readiness is of interest: a container that shuts down must not be restarted. */
  keepReadinessOnly(): void {
    this.#states.delete("liveness");
    this.#states.delete("startup");
  }

  #assume(kind: ProbeKind): void {
    if (this.#states.has(kind)) this.#states.set(kind, { passing: true, streak: 0 });
  }

  #beginOthers(): void {
    for (const kind of ["liveness", "readiness"] as const) if (this.#states.has(kind)) this.#schedule(kind, true);
  }

  #schedule(kind: ProbeKind, first: boolean): void {
    const probe = probeOf(this.#options.container, kind);
    if (this.#stopped || probe === undefined) return;
    const { initialDelay, period } = timing(probe);
    const age = Date.now() - this.#options.startedAt.getTime();
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        void this.#probe(kind, probe);
      },
      first ? Math.max(0, initialDelay - age) : period,
    );
    this.#timers.add(timer);
  }

  async #probe(kind: ProbeKind, probe: Probe): Promise<void> {
    const began = this.#states.get(kind);
    if (began === undefined || this.#stopped) return;
    const { onChange, onExhausted, onFailure, context } = this.#options;
    const { success, message } = await act(probe, context, timing(probe).timeout);
    if (this.#stopped || !this.#states.has(kind)) return;
    if (!success) onFailure(kind, message);
    const { state, exhausted } = afterResult(began, success, kind, thresholds(probe, kind));
    this.#states.set(kind, state);
    if (state.passing !== began.passing) onChange();
    if (exhausted) {
      onExhausted(kind);
      return;
    }
    if (kind === "startup" && state.passing) this.#beginOthers();
    else this.#schedule(kind, false);
  }
}

function probeOf(container: Container, kind: ProbeKind): Probe | undefined {
  return kind === "startup"
    ? container.startupProbe
    : kind === "liveness"
      ? container.livenessProbe
      : container.readinessProbe;
}
