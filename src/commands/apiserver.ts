import { once } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { kinds } from "../cluster/apiserver/kinds/index.ts";
import { createApiServer } from "../cluster/apiserver/server.ts";
import type { ClusterConfig } from "../cluster/config.ts";
import { worldPaths } from "../cluster/config.ts";
import { openSqliteJournal } from "../cluster/storage/journal.ts";
import { Store } from "../cluster/storage/store.ts";
import { createLogger } from "../role/log.ts";

const usage = `Usage: fairway apiserver --config FILE

Serves the Kubernetes API of one cluster, with its controllers, until it gets SIGTERM or SIGINT.
  --config FILE   the cluster's configuration (ClusterConfig as JSON)
`;

/** See usage. Resolves to 0 after an orderly stop; rejects when the server cannot start. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { config: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help || values.config === undefined) {
    (values.help ? process.stdout : process.stderr).write(usage);
    return values.help ? 0 : 2;
  }
  const log = createLogger("apiserver");
  const config = JSON.parse(await readFile(values.config, "utf8")) as ClusterConfig;
  const paths = worldPaths(config);
  const pem = (name: string) => readFile(join(paths.pki, name), "utf8");
  const [ca, certificate, key] = await Promise.all([pem("ca.crt"), pem("apiserver.crt"), pem("apiserver.key")]);

  await mkdir(dirname(paths.journal), { recursive: true, mode: 0o700 });
  const journal = openSqliteJournal({
    file: paths.journal,
    survives: config.dataDir === undefined ? "process" : "power",
  });
  const server = await createApiServer({
    config,
    store: new Store(journal),
    kinds,
    tls: { ca, certificate, key },
    log,
  });
  server.https.listen(config.apiPort, config.apiAddress);
  await once(server.https, "listening");
  log.info({ address: config.apiAddress, port: config.apiPort }, "serving");

  const signal = await Promise.race(["SIGTERM", "SIGINT"].map((name) => once(process, name).then(() => name)));
  log.info({ signal }, "stopping");
  await server.close();
  return 0;
}
