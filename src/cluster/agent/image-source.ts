import { stat } from "node:fs/promises";
import type { Logger } from "../../role/log.ts";
import type { ClusterConfig } from "../config.ts";
import { loadImageTable } from "../pods/image-file.ts";
import type { ImageTable } from "../pods/images.ts";

/** The image table, read again when its file has changed. A file that has become wrong leaves the table as it was. */
export function imageSource({ imagesFile }: Pick<ClusterConfig, "imagesFile">, log: Logger): () => Promise<ImageTable> {
  let known: { table: Promise<ImageTable>; modified: number } | undefined;
  return async () => {
    const modified = imagesFile === undefined ? 0 : ((await stat(imagesFile).catch(() => undefined))?.mtimeMs ?? 0);
    if (known === undefined || known.modified !== modified) {
      const before = known?.table;
      const table = loadImageTable(imagesFile).catch((error: Error) => {
        log.error({ err: error, file: imagesFile }, "cannot read the image table's file");
        return before ?? loadImageTable();
      });
      known = { table, modified };
    }
    return known.table;
  };
}
