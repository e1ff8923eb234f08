/**
 * Rules as the kernel's expressions, for chains that are made on the hot path, where starting `nft` would cost too much. Each rule carries
 * its text; only what `nft` has words for may be built, since `nft list ruleset` of Debian 12 aborts at anything else in any table.
 */
import type { MessageWriter } from "../netlink/message.ts";
import { encodeFields, type FieldType, sizeOfFields } from "./fields.ts";
import type { TableFamily } from "./schema.ts";

/** The kernel's sixteen 4-byte registers have the numbers 8 to 23; wider values take several in a row. */
export const firstRegister = 8;
const lastRegister = 23;

export type Expression =
  | { name: "payload"; base: "network" | "transport"; offset: number; length: number; to: number }
  | { name: "protocol"; to: number }
  | { name: "random"; modulus: number; to: number }
  /** Goes on with the rule only if the register holds that value. */
  | { name: "equals"; fields: readonly FieldType[]; text: string; from: number }
  /** Writes the value of that key, or follows it; without `to` it goes on only if the key is in the set. */
  | { name: "lookup"; set: string; from: number; to?: number | "verdict" }
  | { name: "constant"; fields: readonly FieldType[]; text: string; to: number }
  /** Adds the element of that key, or renews its timeout. */
  | { name: "update"; set: string; key: number }
  | { name: "dnat"; family: TableFamily; address: number; port: number }
  | { name: "goto"; chain: string }
  | { name: "mark-or"; bits: number };

export interface Rule {
  text: string;
  expressions: readonly Expression[];
}

// linux/netfilter/nf_tables.h
const LIST_ELEMENT = 1;
const EXPRESSION_NAME = 1;
const EXPRESSION_DATA = 2;
const META_MARK = 3;
const META_L4PROTO = 16;
const DATA_VALUE = 1;
const DATA_VERDICT = 2;
const VERDICT_CODE = 1;
const VERDICT_CHAIN = 2;
const VERDICT_REGISTER = 0;
const NFT_GOTO = -4;
const NFPROTO = { ip: 2, ip6: 10 } as const;

/** Writes the list of a rule's expressions as one attribute. */
export function encodeExpressions(writer: MessageWriter, attribute: number, expressions: readonly Expression[]): void {
  const list = writer.beginNested(attribute);
  for (const expression of expressions) encodeExpression(writer, expression);
  writer.endAttribute(list);
}

function encodeExpression(writer: MessageWriter, expression: Expression): void {
  const one = (name: string, data: () => void) => encode(writer, name, data);
  switch (expression.name) {
    case "payload":
      one("payload", () => {
        writer.uint32(1, register(expression.to));
        writer.uint32(2, expression.base === "network" ? 1 : 2);
        writer.uint32(3, expression.offset);
        writer.uint32(4, expression.length);
      });
      return;
    case "protocol":
      encodeMeta(writer, META_L4PROTO, expression.to);
      return;
    case "random":
      one("numgen", () => {
        writer.uint32(1, register(expression.to));
        writer.uint32(2, expression.modulus);
        writer.uint32(3, 1);
        writer.uint32(4, 0);
      });
      return;
    case "equals":
      one("cmp", () => {
        writer.uint32(1, register(expression.from));
        writer.uint32(2, 0);
        encodeValue(writer, 3, constantBytes(expression.fields, expression.text));
      });
      return;
    case "lookup":
      one("lookup", () => {
        writer.text(1, expression.set);
        writer.uint32(2, register(expression.from));
        if (expression.to === "verdict") writer.uint32(3, VERDICT_REGISTER);
        else if (expression.to !== undefined) writer.uint32(3, register(expression.to));
      });
      return;
    case "constant":
      one("immediate", () => {
        writer.uint32(1, register(expression.to));
        encodeValue(writer, 2, constantBytes(expression.fields, expression.text));
      });
      return;
    case "update":
      one("dynset", () => {
        writer.text(1, expression.set);
        writer.uint32(3, 1);
        writer.uint32(4, register(expression.key));
      });
      return;
    case "dnat":
      one("nat", () => {
        writer.uint32(1, 1);
        writer.uint32(2, NFPROTO[expression.family]);
        writer.uint32(3, register(expression.address));
        writer.uint32(5, register(expression.port));
      });
      return;
    case "goto":
      one("immediate", () => {
        writer.uint32(1, VERDICT_REGISTER);
        const data = writer.beginNested(2);
        encodeVerdict(writer, NFT_GOTO, expression.chain);
        writer.endAttribute(data);
      });
      return;
    case "mark-or":
      encodeMarkOr(writer, expression.bits);
  }
}

function encode(writer: MessageWriter, name: string, data: () => void): void {
  const element = writer.beginNested(LIST_ELEMENT);
  writer.text(EXPRESSION_NAME, name);
  const body = writer.beginNested(EXPRESSION_DATA);
  data();
  writer.endAttribute(body);
  writer.endAttribute(element);
}

function encodeMeta(writer: MessageWriter, key: number, to: number): void {
  encode(writer, "meta", () => {
    writer.uint32(1, register(to));
    writer.uint32(2, key);
  });
}

/** A protocol is one byte here and a port two; only in sets they are padded. */
function constantBytes(fields: readonly FieldType[], text: string): Buffer {
  const value = Buffer.alloc(sizeOfFields(fields));
  encodeFields(fields, text, value, 0);
  const sizes: Partial<Record<FieldType, number>> = { inet_proto: 1, inet_service: 2 };
  return value.subarray(0, fields.length === 1 ? (sizes[fields[0]!] ?? value.length) : value.length);
}

function encodeValue(writer: MessageWriter, attribute: number, value: Buffer): void {
  const data = writer.beginNested(attribute);
  writer.attribute(DATA_VALUE, value);
  writer.endAttribute(data);
}

function register(number: number): number {
  if (number < firstRegister || number > lastRegister) throw new RangeError(`nftables has no register ${number}`);
  return number;
}

/** meta mark set meta mark or BITS, with the bits of others left as they are: read, (value and not BITS) xor BITS, write. */
function encodeMarkOr(writer: MessageWriter, bits: number): void {
  const word = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value >>> 0);
    return bytes;
  };
  encodeMeta(writer, META_MARK, firstRegister);
  encode(writer, "bitwise", () => {
    writer.uint32(1, firstRegister);
    writer.uint32(2, firstRegister);
    writer.uint32(3, 4);
    encodeValue(writer, 4, word(~bits));
    encodeValue(writer, 5, word(bits));
  });
  encode(writer, "meta", () => {
    writer.uint32(2, META_MARK);
    writer.uint32(3, firstRegister);
  });
}

/** The verdict attribute of an element's or expression's data. */
export function encodeVerdict(writer: MessageWriter, code: number, chain?: string): void {
  const verdict = writer.beginNested(DATA_VERDICT);
  writer.uint32(VERDICT_CODE, code);
  if (chain !== undefined) writer.text(VERDICT_CHAIN, chain);
  writer.endAttribute(verdict);
}
