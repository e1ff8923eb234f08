import type { FieldType } from "./fields.ts";

/** A family of tables. */
export type TableFamily = "ip" | "ip6";

/** A named set, map (`value`) or verdict map (`value: "verdict"`) of a table, and how its elements are written. */
export interface SetSchema {
  name: string;
  key: readonly FieldType[];
  value?: readonly FieldType[] | "verdict";
  /**
   * nft's declaration of the key, where the types alone are not enough ("typeof ip daddr . … . numgen random mod 2"); it must have the
   * layout that `key` says.
   */
  keyTypeof?: string;
  valueTypeof?: string;
  /** The last field of a key is a prefix. */
  prefixes?: boolean;
  /** Packets add elements to it, which time out: its contents are the kernel's business. */
  dynamic?: { timeoutSeconds: number; size: number };
}

/** A table that is one program's own, with the sets whose elements that program changes. */
export interface TableSchema {
  family: TableFamily;
  name: string;
  sets: ReadonlyMap<string, SetSchema>;
}

export function tableSchema(family: TableFamily, name: string, sets: readonly SetSchema[]): TableSchema {
  return { family, name, sets: new Map(sets.map((set) => [set.name, set])) };
}

/** The set of that name. Throws RangeError when the table has none. */
export function setOf(schema: TableSchema, name: string): SetSchema {
  const set = schema.sets.get(name);
  if (set === undefined) throw new RangeError(`nftables: table ${schema.name} has no set ${name}`);
  return set;
}

/** The nft command that makes a set. */
export function declareSet({ family, name: table }: TableSchema, set: SetSchema): string {
  const fields = (types: readonly FieldType[]) => types.join(" . ");
  const typeOf = set.keyTypeof !== undefined;
  const key = typeOf ? set.keyTypeof : fields(set.key);
  const value =
    set.value === undefined
      ? ""
      : ` : ${set.value === "verdict" ? "verdict" : typeOf ? set.valueTypeof : fields(set.value)}`;
  const flags = [...(set.prefixes ? ["interval"] : []), ...(set.dynamic ? ["dynamic", "timeout"] : [])];
  const options = [
    ...(flags.length > 0 ? [`flags ${flags.join(",")};`] : []),
    ...(set.dynamic ? [`timeout ${set.dynamic.timeoutSeconds}s; size ${set.dynamic.size};`] : []),
  ];
  const kind = set.value === undefined ? "set" : "map";
  return `add ${kind} ${family} ${table} ${set.name} { ${typeOf ? "typeof" : "type"} ${key}${value}; ${options.join(" ")}}`;
}
