import { run } from "../command.ts";
import { NetlinkError } from "../netlink/error.ts";
import { familyNumbers } from "../netlink/family-numbers.ts";
import { eachAttribute, readAttributes, readText } from "../netlink/message.ts";
import { appendFlag, Batch, batchSendBuffer, createFlag, dump, get, type Listener } from "../netlink/nfnetlink.ts";
import { NetlinkSocket, netfilterProtocol } from "../netlink/socket.ts";
import { encodeElement, readElementList } from "./elements.ts";
import { sizeOfFields } from "./fields.ts";
import { encodeExpressions } from "./rule.ts";
import { type SetSchema, setOf, type TableSchema } from "./schema.ts";
import type { Chain, Element, Table, Transaction } from "./transaction.ts";

// linux/netfilter/nfnetlink.h and nf_tables.h
export const nftablesSubsystem = 10;
const MSG_NEWCHAIN = 3;
const MSG_GETCHAIN = 4;
const MSG_NEWRULE = 6;
const MSG_DELRULE = 8;
const MSG_DELCHAIN = 5;
const MSG_NEWSET = 9;
const MSG_GETSET = 10;
const MSG_DELSET = 11;
const MSG_NEWSETELEM = 12;
const MSG_GETSETELEM = 13;
const MSG_DELSETELEM = 14;
const MSG_GETGEN = 16;
const CHAIN_TABLE = 1;
const CHAIN_NAME = 3;
const RULE_TABLE = 1;
const RULE_CHAIN = 2;
const RULE_EXPRESSIONS = 4;
const SET_TABLE = 1;
const SET_NAME = 2;
const SET_FLAGS = 3;
const SET_KEY_TYPE = 4;
const SET_KEY_LENGTH = 5;
const SET_ID = 10;
const SET_TIMEOUT = 11;
const SET_ANONYMOUS = 1;
const SET_HAS_TIMEOUTS = 0x10;
const SET_DYNAMIC = 0x20;
const ELEMENTS_TABLE = 1;
const ELEMENTS_SET = 2;
const ELEMENTS_LIST = 3;
const GENERATION_ID = 1;

/** How `nft` numbers the types of keys, to show them; the kernel does not look at it. */
const addressTypes = { ip: 7, ip6: 8 } as const;

/** NFPROTO_IPV4 and NFPROTO_IPV6. */
export const netfilterFamilies = { ip: familyNumbers[4], ip6: familyNumbers[6] } as const;

/** An element list is one attribute, whose length is 16 bits; a further element takes far less than what is left above this. */
const fullList = 60_000;

export interface KernelTableOptions {
  /** A file that stands for the network namespace; the process's own when absent. */
  networkNamespace?: string;
}

/** A table of the kernel. Elements and shared chains go over netlink, the rest through the `nft` program. */
export class KernelTable implements Table {
  readonly schema: TableSchema;
  readonly #socket: NetlinkSocket;
  readonly #options: KernelTableOptions;
  readonly #family: number;

  constructor(schema: TableSchema, options: KernelTableOptions = {}) {
    this.schema = schema;
    this.#options = options;
    this.#family = netfilterFamilies[schema.family];
    this.#socket = new NetlinkSocket({ protocol: netfilterProtocol, ...options, sendBuffer: batchSendBuffer });
  }

  /** The port that messages about this object's own changes carry. */
  get port(): number {
    return this.#socket.port;
  }

  close(): void {
    this.#socket.close();
  }

  /** When it returns the kernel has committed all of it. Throws NetlinkError (ENOENT, EEXIST, EBUSY, ...) when it committed nothing. */
  commit({ deletes = [], sets = [], chains = [], adds = [], dropChains = [], dropSets = [] }: Transaction): void {
    const batch = new Batch(this.#socket, nftablesSubsystem);
    this.#writeElements(batch, MSG_DELSETELEM, 0, deletes);
    for (const [index, set] of sets.entries()) this.#writeDynamicSet(batch, set, index + 1);
    for (const chain of chains) this.#writeChain(batch, chain);
    this.#writeElements(batch, MSG_NEWSETELEM, createFlag, adds);
    for (const name of dropChains) this.#named(batch, MSG_DELRULE, 0, RULE_CHAIN, name, "flush chain");
    for (const name of dropChains) this.#named(batch, MSG_DELCHAIN, 0, CHAIN_NAME, name, "delete chain");
    for (const name of dropSets) this.#named(batch, MSG_DELSET, 0, SET_NAME, name, "delete set");
    batch.commit();
  }

  /** A message about one thing by its name. The table's name is attribute 1 of every kind of message. */
  #named(batch: Batch, type: number, flags: number, attribute: number, name: string, verb: string): void {
    batch.begin(type, flags, this.#family, `${verb} ${name}`);
    batch.writer.text(CHAIN_TABLE, this.schema.name);
    batch.writer.text(attribute, name);
    batch.end();
  }

  /** A set of addresses that packets fill. Without a size the kernel takes 65,535 elements and makes room as they come. */
  #writeDynamicSet(batch: Batch, { name, key, dynamic }: SetSchema, id: number): void {
    if (dynamic === undefined || key.length !== 1) throw new RangeError(`nftables: set ${name} is none of addresses`);
    const { writer } = batch;
    batch.begin(MSG_NEWSET, createFlag, this.#family, `add set ${name}`);
    writer.text(SET_TABLE, this.schema.name);
    writer.text(SET_NAME, name);
    writer.uint32(SET_FLAGS, SET_HAS_TIMEOUTS | SET_DYNAMIC);
    writer.uint32(SET_KEY_TYPE, addressTypes[this.schema.family]);
    writer.uint32(SET_KEY_LENGTH, sizeOfFields(key));
    writer.uint32(SET_ID, id);
    writer.uint64(SET_TIMEOUT, BigInt(dynamic.timeoutSeconds) * 1000n);
    batch.end();
  }

  #writeElements(batch: Batch, type: number, flags: number, elements: readonly Element[]): void {
    const deleting = type === MSG_DELSETELEM;
    const { writer } = batch;
    for (const [name, list] of bySet(elements)) {
      const set = setOf(this.schema, name);
      let next = 0;
      while (next < list.length) {
        batch.begin(type, flags, this.#family, about(deleting ? "delete" : "add", set, list, next));
        writer.text(ELEMENTS_TABLE, this.schema.name);
        writer.text(ELEMENTS_SET, name);
        const start = writer.beginNested(ELEMENTS_LIST);
        for (; next < list.length && writer.length - start < fullList; next += 1) {
          const { key, value } = list[next]!;
          encodeElement(writer, set, key, deleting ? undefined : value);
        }
        writer.endAttribute(start);
        batch.end();
      }
    }
  }

  #writeChain(batch: Batch, { name, rules }: Chain): void {
    const { writer } = batch;
    this.#named(batch, MSG_NEWCHAIN, createFlag, CHAIN_NAME, name, "add chain");
    this.#named(batch, MSG_DELRULE, 0, RULE_CHAIN, name, "flush chain");
    for (const { text, expressions } of rules) {
      batch.begin(MSG_NEWRULE, createFlag | appendFlag, this.#family, `add rule ${name} ${text}`);
      writer.text(RULE_TABLE, this.schema.name);
      writer.text(RULE_CHAIN, name);
      encodeExpressions(writer, RULE_EXPRESSIONS, expressions);
      batch.end();
    }
  }

  /** Rejects with a CommandError that holds nft's explanation. */
  async run(script: string): Promise<void> {
    const { networkNamespace } = this.#options;
    const command = ["nft", "-f", "-"] as const;
    if (networkNamespace === undefined) await run(command[0], command.slice(1), { input: script });
    else await run("nsenter", [`--net=${networkNamespace}`, ...command], { input: script });
  }

  async readElements(name: string, found: (key: string, value: string | undefined) => void): Promise<void> {
    const set = setOf(this.schema, name);
    // A set that changed while it was read may have been told wrongly; what was found is only handed on when it was not.
    await this.#dump(MSG_GETSETELEM, `list ${name}`, name, () => {
      const elements: [string, string | undefined][] = [];
      return {
        entry: (buffer, start, end) =>
          eachAttribute(buffer, start, end, (type, from, to) => {
            if (type === ELEMENTS_LIST)
              readElementList(set, buffer, from, to, (key, value) => elements.push([key, value]));
          }),
        done: () => {
          for (const [key, value] of elements) found(key, value);
        },
      };
    });
  }

  async readNames(): Promise<{ chains: string[]; sets: string[] }> {
    return {
      chains: await this.#readNames(MSG_GETCHAIN, CHAIN_NAME, "list chains"),
      sets: await this.#readNames(MSG_GETSET, SET_NAME, "list sets"),
    };
  }

  async #readNames(type: number, nameAttribute: number, about: string): Promise<string[]> {
    let names: string[] = [];
    await this.#dump(type, about, undefined, () => {
      names = [];
      return {
        entry: (buffer, start, end) => {
          const attributes = readAttributes(buffer, start, end);
          const name = readText(attributes.get(nameAttribute));
          // Sets without a name of their own come and go with a rule.
          const anonymous =
            type === MSG_GETSET && ((attributes.get(SET_FLAGS)?.readUInt32BE() ?? 0) & SET_ANONYMOUS) !== 0;
          // Some kernels list the chains of all tables.
          if (readText(attributes.get(CHAIN_TABLE)) === this.schema.name && name !== undefined && !anonymous)
            names.push(name);
        },
        done: () => {},
      };
    });
    return names;
  }

  async #dump(
    type: number,
    about: string,
    set: string | undefined,
    attempt: () => { entry: Listener; done: () => void },
  ): Promise<void> {
    for (let tries = 0; tries < 10; tries += 1) {
      // A socket of its own: commits may go on while the list is read.
      const socket = new NetlinkSocket({ protocol: netfilterProtocol, ...this.#options });
      try {
        const { entry, done } = attempt();
        const question = {
          subsystem: nftablesSubsystem,
          type,
          family: this.#family,
          about: `table ${this.schema.name}: ${about}`,
          attributes: (writer: Batch["writer"]) => {
            writer.text(ELEMENTS_TABLE, this.schema.name);
            if (set !== undefined) writer.text(ELEMENTS_SET, set);
          },
        };
        if (await dump(socket, question, entry)) return done();
      } catch (error) {
        // No such table: an empty list of its chains and sets, but an error for a set's elements.
        if (set === undefined && error instanceof NetlinkError && error.code === "ENOENT") return;
        throw error;
      } finally {
        socket.close();
      }
    }
    throw new Error(`nftables: ${about}: the table kept changing`);
  }

  /** Counts every commit to any table of the namespace, by anybody. */
  readGeneration(): number {
    let generation: number | undefined;
    const question = { subsystem: nftablesSubsystem, type: MSG_GETGEN, family: 0, about: "read the generation" };
    get(this.#socket, question, (buffer, start, end) => {
      generation = readAttributes(buffer, start, end).get(GENERATION_ID)?.readUInt32BE();
    });
    if (generation === undefined) throw new Error("nftables: the kernel told no generation");
    return generation;
  }
}

/** The elements by set, sets and elements in the order in which they came. */
function bySet(elements: readonly Element[]): Map<string, Element[]> {
  const sets = new Map<string, Element[]>();
  for (const element of elements) {
    const list = sets.get(element.set);
    if (list === undefined) sets.set(element.set, [element]);
    else list.push(element);
  }
  return sets;
}

function about(verb: string, { name }: SetSchema, list: readonly Element[], from: number): string {
  const rest = list.length - from - 1;
  return `${verb} element ${name} { ${list[from]!.key} }${rest > 0 ? ` and up to ${rest} more` : ""}`;
}
