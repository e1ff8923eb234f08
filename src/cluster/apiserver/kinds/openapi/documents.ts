import { createHash } from "node:crypto";
import type { KindDescriptor } from "../descriptor.ts";
import { encodeV2 } from "./protobuf.ts";
import { buildV2 } from "./v2.ts";
import { buildV3, documentPath } from "./v3.ts";

export interface OpenApiAnswer {
  contentType: string;
  body: Buffer;
}

const json = "application/json";
/** Clients ask for either name; "@" is not allowed in a Content-Type, where Go's parser refuses it. */
const acceptedProtobufV2 = /application\/com\.github\.proto-openapi\.spec\.v2[@.]v1\.0\+protobuf/;
const protobufV2 = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
/**
 * Answers GET requests below /openapi. Documents are built when first asked for and kept as bytes.
 * `path` is without query; undefined means 404. Never throws.
 */
export function createOpenApi(
  kinds: readonly KindDescriptor[],
): (path: string, accept: string) => OpenApiAnswer | undefined {
  const groups = Map.groupBy(kinds, ({ resource }) => documentPath(resource));
  const built = new Map<string, Buffer>();
  const once = (key: string, build: () => Buffer): Buffer => {
    const body = built.get(key) ?? build();
    built.set(key, body);
    return body;
  };
  const groupDocument = (path: string, members: KindDescriptor[]) => once(path, () => toBytes(buildV3(members)));

  return (path, accept) => {
    if (path === "/openapi/v3") {
      const index = () => {
        const paths: Record<string, { serverRelativeURL: string }> = {};
        for (const [group, members] of groups) {
          const hash = createHash("sha256").update(groupDocument(group, members)).digest("hex").slice(0, 32);
          paths[group] = { serverRelativeURL: `/openapi/v3/${group}?hash=${hash}` };
        }
        return toBytes({ paths });
      };
      return { contentType: json, body: once("v3", index) };
    }
    if (path === "/openapi/v2") {
      if (!acceptedProtobufV2.test(accept))
        return { contentType: json, body: once("v2", () => toBytes(buildV2(kinds))) };
      return { contentType: protobufV2, body: once("v2 protobuf", () => encodeV2(buildV2(kinds))) };
    }
    const group = path.startsWith("/openapi/v3/") ? path.slice("/openapi/v3/".length) : "";
    const members = groups.get(group);
    return members === undefined ? undefined : { contentType: json, body: groupDocument(group, members) };
  };
}

function toBytes(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
