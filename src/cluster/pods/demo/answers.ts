import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { formatAddressPort } from "../../../ip/address.ts";
import type { HttpRequest } from "./program.ts";

/** The longest delay that a client may ask for, in milliseconds. */
const maximumDelay = 60_000;

export function text(response: ServerResponse, body: string, status = 200): void {
  send(response, status, "text/plain; charset=utf-8", body);
}
export function html(response: ServerResponse, body: string, status = 200): void {
  send(response, status, "text/html; charset=utf-8", body);
}
export function json(response: ServerResponse, value: unknown, status = 200): void {
  send(response, status, "application/json", `${JSON.stringify(value, null, 2)}\n`);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

export function escapeHtml(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A final HTTP status from 200 to 599, or undefined. */
export function statusCode(value: string | null | undefined): number | undefined {
  return value != null && /^[2-5][0-9][0-9]$/.test(value) ? Number(value) : undefined;
}

/** Waits for the milliseconds that a client named, 60 s at most; anything but a number is no delay. */
export async function delay(milliseconds: string | null): Promise<void> {
  const wanted = milliseconds !== null && /^[0-9]{1,9}$/.test(milliseconds) ? Number(milliseconds) : 0;
  if (wanted > 0) await sleep(Math.min(wanted, maximumDelay));
}

export interface Body {
  /** The first 64 KiB. */
  text: string;
  /** All of it, also what is not in `text`. */
  bytes: number;
}

/** Reads a request's body to its end and keeps its beginning. Rejects when the client goes away. */
export async function readBody(request: HttpRequest): Promise<Body> {
  const limit = 64 * 1024;
  const kept: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (bytes < limit) kept.push(chunk.subarray(0, limit - bytes));
    bytes += chunk.length;
  }
  return { text: Buffer.concat(kept).toString(), bytes };
}

/** The header lines as the client wrote them, in its order. */
export function headerLines(request: HttpRequest): [name: string, value: string][] {
  const lines: [string, string][] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    lines.push([request.rawHeaders[index]!, request.rawHeaders[index + 1]!]);
  }
  return lines;
}

export function clientOf(request: HttpRequest): string {
  return formatAddressPort(request.socket.remoteAddress ?? "", request.socket.remotePort ?? 0);
}
