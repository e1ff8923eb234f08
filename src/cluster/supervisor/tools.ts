import { access, constants } from "node:fs/promises";
import { join } from "node:path";
import packages from "./tools.json" with { type: "json" };

/** Programs of the system that a cluster cannot do without, and the Debian packages they come in; scripts/setup.js reads the same table. */
export const requiredTools: Readonly<Record<string, string>> = packages;

export async function missingTools(
  tools: Readonly<Record<string, string>> = requiredTools,
  path = process.env.PATH ?? "",
): Promise<{ tool: string; package: string }[]> {
  const directories = path.split(":").filter(Boolean);
  const found = (tool: string) =>
    Promise.any(directories.map((directory) => access(join(directory, tool), constants.X_OK))).then(
      () => true,
      () => false,
    );
  const rows = await Promise.all(
    Object.entries(tools).map(async ([tool, name]) => ({ tool, package: name, found: await found(tool) })),
  );
  return rows.filter((row) => !row.found).map(({ tool, package: name }) => ({ tool, package: name }));
}
