import { type Answer, entryAnswer } from "./answer.ts";
import { parseBody } from "./body.ts";
import type { ResourceCall } from "./context.ts";
import { type DeleteRequest, readDeleteRequest } from "./delete-request.ts";
import type { FieldValidation } from "./kinds/decode.ts";
import { negotiate } from "./negotiation.ts";
import { representEntry } from "./represent.ts";
import { badRequest } from "./status.ts";
import type { WriteOptions, Written } from "./write.ts";

/** Throws 400 for parameters that Kubernetes refuses. */
export function readWriteOptions({ info, user }: Pick<ResourceCall, "info" | "user">): WriteOptions {
  const dryRun = info.query.getAll("dryRun");
  for (const value of dryRun) {
    if (value !== "All")
      throw badRequest(`dryRun: Unsupported value: ${JSON.stringify(value)}: supported values: "All"`);
  }
  return {
    user,
    dryRun: dryRun.length > 0,
    validation: readFieldValidation(info.query.get("fieldValidation")),
    warnings: [],
  };
}

function readFieldValidation(value: string | null): FieldValidation {
  // Kubernetes warns when the client does not say what it wants.
  if (value === null || value === "") return "Warn";
  if (value === "Strict" || value === "Warn" || value === "Ignore") return value;
  throw badRequest(
    `fieldValidation: Unsupported value: ${JSON.stringify(value)}: supported values: "Ignore", "Strict", "Warn"`,
  );
}

/** DeleteOptions from body and query; a DELETE may come without a body. */
export async function readDelete({ info, incoming }: ResourceCall): Promise<DeleteRequest> {
  const bytes = await incoming.body();
  const body = bytes.length === 0 ? undefined : (await parseBody(bytes, incoming.headers["content-type"])).value;
  return readDeleteRequest(body, info.query);
}

/** The written object in the form that the client accepts, with the warnings that came up. */
export function answerWritten(call: ResourceCall, status: number, { entry }: Written, options: WriteOptions): Answer {
  const { context, kind, info, incoming } = call;
  const representation = negotiate(incoming.headers.accept, info.query);
  const answer =
    representation.as === "object"
      ? entryAnswer(status, entry)
      : representEntry(status, entry, kind.descriptor, representation, context.now());
  const warnings = options.warnings.map((text) => `299 - ${JSON.stringify(text)}`);
  if (warnings.length > 0) answer.headers.warning = warnings.join(", ");
  return answer;
}
