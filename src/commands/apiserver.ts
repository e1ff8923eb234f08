import { once } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { controllerUser } from "../cluster/apiserver/authorization/bootstrap-policy.ts";
import { kinds } from "../cluster/apiserver/kinds/index.ts";
import { createApiServer } from "../cluster/apiserver/server.ts";
import { worldPaths } from "../cluster/config.ts";
import { readClusterConfig } from "../cluster/config-file.ts";
import { startControllers } from "../cluster/controllers/index.ts";
import { controllerPermissions } from "../cluster/controllers/permissions.ts";
import { openSqliteJournal } from "../cluster/storage/journal.ts";
import { Store } from "../cluster/storage/store.ts";
import { createClient } from "../kubernetes/http-client.ts";
import { createLogger } from "../role/log.ts";
import { succession } from "../role/parent.ts";

const usage = `Usage: fairway apiserver --config FILE [--listen ADDRESS]

Serves the Kubernetes API of one cluster, with its controllers, until it gets SIGTERM or SIGINT.
  --config FILE      the cluster's configuration (ClusterConfig as JSON)
  --listen ADDRESS   listen there instead of at the configured apiAddress, which stays what clients are told
`;

/** See usage. Resolves to 0 after an orderly stop; rejects when the server cannot start. */
export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { config: { type: "string" }, listen: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help || values.config === undefined) {
    (values.help ? process.stdout : process.stderr).write(usage);
    return values.help ? 0 : 2;
  }
  const log = createLogger("apiserver");
  // It is loaded while the cluster's network and keys are made.
  const alive = setInterval(() => {}, 60_000);
  await succession()?.();
  clearInterval(alive);
  const config = await readClusterConfig(values.config);
  const paths = worldPaths(config);
  const pem = (name: string) => readFile(join(paths.pki, name), "utf8");
  const credentials = async (name: string) => {
    const [ca, certificate, key] = await Promise.all([pem("ca.crt"), pem(`${name}.crt`), pem(`${name}.key`)]);
    return { ca, certificate, key };
  };
  const [tls, agentCredentials, serviceAccountKey] = await Promise.all([
    credentials("apiserver"),
    credentials("kubelet-client"),
    pem("service-accounts.key"),
  ]);

  await mkdir(dirname(paths.journal), { recursive: true, mode: 0o700 });
  const journal = openSqliteJournal({
    file: paths.journal,
    survives: config.dataDir === undefined ? "process" : "power",
  });
  const server = await createApiServer({
    config,
    store: new Store(journal),
    kinds,
    tls,
    agentCredentials,
    serviceAccountKey,
    controllerRules: controllerPermissions,
    log,
  });
  const address = values.listen ?? config.apiAddress;
  server.https.listen(config.apiPort, address);
  await once(server.https, "listening");
  log.info({ address, port: config.apiPort }, "serving");
  const controllers = startControllers({
    clientFor: (name) => createClient(server.transportFor(controllerUser(name)), { userAgent: `fairway-${name}` }),
    config,
    log,
  });

  const signal = await Promise.race(["SIGTERM", "SIGINT"].map((name) => once(process, name).then(() => name)));
  log.info({ signal }, "stopping");
  await controllers.stop();
  await server.close();
  return 0;
}
