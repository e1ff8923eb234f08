import { bitsOf, type Family, formatAddress, parseAddress } from "../../ip/address.ts";
import { formatPrefix, parsePrefix } from "../../ip/prefix.ts";
import { eachAttribute, type MessageWriter, NetlinkFormatError, readText } from "../netlink/message.ts";
import { decodeFields, encodeFields, FieldError, fieldSeparator, sizeOfFields } from "./fields.ts";
import { encodeVerdict } from "./rule.ts";
import type { SetSchema } from "./schema.ts";

// linux/netfilter/nf_tables.h
const LIST_ELEMENT = 1;
const ELEMENT_KEY = 1;
const ELEMENT_DATA = 2;
const ELEMENT_KEY_END = 10;
const DATA_VALUE = 1;
const DATA_VERDICT = 2;
const VERDICT_CODE = 1;
const VERDICT_CHAIN = 2;

const verdicts: Readonly<Record<string, number>> = { drop: 0, accept: 1, return: -5 };
const chainVerdicts: Readonly<Record<string, number>> = { jump: -3, goto: -4 };

/** Writes an element as one attribute of an element list. A value is left out of deletions. Throws FieldError. */
export function encodeElement(writer: MessageWriter, set: SetSchema, key: string, value: string | undefined): void {
  const element = writer.beginNested(LIST_ELEMENT);
  if (set.prefixes) encodePrefixKey(writer, set, key);
  else encodeFieldData(writer, ELEMENT_KEY, set.key, key);
  if (value !== undefined) {
    if (set.value === "verdict") encodeVerdictData(writer, value);
    else if (set.value !== undefined) encodeFieldData(writer, ELEMENT_DATA, set.value, value);
  }
  writer.endAttribute(element);
}

function encodeFieldData(writer: MessageWriter, attribute: number, fields: SetSchema["key"], text: string): void {
  const data = writer.beginNested(attribute);
  const start = writer.beginAttribute(DATA_VALUE);
  const at = writer.reserve(sizeOfFields(fields));
  encodeFields(fields, text, writer.target, at);
  writer.endAttribute(start);
  writer.endAttribute(data);
}

/** An interval's first and last key: all fields but the last are the same in both. */
function encodePrefixKey(writer: MessageWriter, set: SetSchema, key: string): void {
  const at = key.lastIndexOf(fieldSeparator) + fieldSeparator.length;
  const prefix = parsePrefix(key.slice(at));
  if (prefix === undefined) throw new FieldError(set.key.at(-1)!, key.slice(at));
  for (const [attribute, address] of [
    [ELEMENT_KEY, prefix.value],
    [ELEMENT_KEY_END, prefix.value | hostMask(prefix.family, prefix.length)],
  ] as const)
    encodeFieldData(
      writer,
      attribute,
      set.key,
      key.slice(0, at) + formatAddress({ family: prefix.family, value: address }),
    );
}

function encodeVerdictData(writer: MessageWriter, value: string): void {
  const data = writer.beginNested(ELEMENT_DATA);
  const [word = "", chain] = value.split(" ");
  const code = chain === undefined ? verdicts[word] : chainVerdicts[word];
  if (code === undefined) throw new RangeError(`nftables: ${JSON.stringify(value)} is no verdict`);
  encodeVerdict(writer, code, chain);
  writer.endAttribute(data);
}

/** Calls back with key and value of each element in an element list attribute. */
export function readElementList(
  set: SetSchema,
  buffer: Buffer,
  start: number,
  end: number,
  found: (key: string, value: string | undefined) => void,
): void {
  eachAttribute(buffer, start, end, (_, from, to) => {
    let key: string | undefined;
    let last: string | undefined;
    let value: string | undefined;
    eachAttribute(buffer, from, to, (type, at, until) => {
      if (type === ELEMENT_KEY) key = readFieldData(set.key, buffer, at, until);
      else if (type === ELEMENT_KEY_END) last = readFieldData(set.key, buffer, at, until);
      else if (type === ELEMENT_DATA && set.value !== undefined)
        value = set.value === "verdict" ? readVerdict(buffer, at, until) : readFieldData(set.value, buffer, at, until);
    });
    if (key === undefined) throw new NetlinkFormatError(`element without a key in ${set.name}`);
    found(set.prefixes ? joinPrefix(set, key, last ?? key) : key, value);
  });
}

function readFieldData(fields: SetSchema["key"], buffer: Buffer, start: number, end: number): string {
  let text: string | undefined;
  eachAttribute(buffer, start, end, (type, from, to) => {
    if (type === DATA_VALUE) text = decodeFields(fields, buffer, from, to);
  });
  if (text === undefined) throw new NetlinkFormatError("element data without a value");
  return text;
}

function readVerdict(buffer: Buffer, start: number, end: number): string {
  let code: number | undefined;
  let chain: string | undefined;
  eachAttribute(buffer, start, end, (outer, from, to) => {
    if (outer !== DATA_VERDICT) return;
    eachAttribute(buffer, from, to, (type, at, until) => {
      if (type === VERDICT_CODE && until - at === 4) code = buffer.readInt32BE(at);
      else if (type === VERDICT_CHAIN) chain = readText(buffer.subarray(at, until));
    });
  });
  const named = Object.entries(chain === undefined ? verdicts : chainVerdicts).find(([, number]) => number === code);
  const word = named?.[0] ?? `verdict ${code}`;
  return chain === undefined ? word : `${word} ${chain}`;
}

function hostMask(family: Family, length: number): bigint {
  return (1n << BigInt(bitsOf(family) - length)) - 1n;
}

/** The prefix from its first and last address; a range that is no prefix, which only others can have made, is shown as a range. */
function joinPrefix(set: SetSchema, first: string, last: string): string {
  const at = first.lastIndexOf(fieldSeparator) + fieldSeparator.length;
  const from = parseAddress(first.slice(at));
  const to = parseAddress(last.slice(at));
  if (from === undefined || to === undefined) throw new NetlinkFormatError(`bad interval in ${set.name}`);
  const length = bitsOf(from.family) - (from.value ^ to.value).toString(2).replace(/^0$/, "").length;
  const whole = to.value - from.value === hostMask(from.family, length);
  const text = whole ? formatPrefix({ ...from, length }) : `${first.slice(at)}-${last.slice(at)}`;
  return first.slice(0, at) + text;
}
