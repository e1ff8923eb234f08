/** A part of an object that was left out; everything else of it is served. */
export interface Problem {
  object: string;
  field: string;
  problem: string;
}

/** Whoever wrote thousands of wrong entries need not read of each: the last one told says how many there are besides. */
const mostTold = 20;
/** Beyond it nobody counts. */
const mostCounted = 1000;
/** Characters: what is quoted may be of any length. */
const longestText = 200;

/** The problems of one Service, each once though both families meet it. */
export class Problems {
  readonly #object: string;
  readonly #told: Problem[] = [];
  readonly #known = new Set<string>();

  /** `object` stands for all of them: "Service shop/web". */
  constructor(object: string) {
    this.#object = object;
  }

  add({ object, field, problem: text }: Problem): void {
    const problem = text.length > longestText ? `${text.slice(0, longestText)}…` : text;
    const key = JSON.stringify([object, field, problem]);
    if (this.#known.size >= mostCounted || this.#known.has(key)) return;
    this.#known.add(key);
    if (this.#told.length < mostTold) this.#told.push({ object, field, problem });
  }

  list(): Problem[] {
    const { size } = this.#known;
    if (size <= mostTold) return [...this.#told];
    const more = `${size < mostCounted ? "" : "at least "}${size - mostTold + 1}`;
    const rest = { object: this.#object, field: "…", problem: `${more} more of the kind, left out too` };
    return [...this.#told.slice(0, -1), rest];
  }
}
