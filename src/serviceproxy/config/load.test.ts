import assert from "node:assert/strict";
import { mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ConfigurationError, loadConfiguration, watchConfiguration, writeConfiguration } from "./load.ts";
import { settingsOf } from "./settings.ts";

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "config-"));
});
after(() => rm(directory, { recursive: true }));

const head = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";

async function fileWith(name: string, body: string): Promise<string> {
  const file = join(directory, name);
  await writeFile(file, head + body);
  return file;
}

test("a file stands against flags, but for those that are no field of it", async () => {
  const file = await fileWith(
    "a",
    "mode: nftables\nhostnameOverride: file\nlogging: {verbosity: 1}\nclientConnection: {kubeconfig: /k}\n",
  );
  const flags = `--config ${file} --proxy-mode iptables --masquerade-all --master https://m --hostname-override Flag -v 4`;
  const { commandLine, configuration, warnings } = await loadConfiguration(flags.split(" "));
  const settings = settingsOf(configuration, commandLine);
  assert.deepEqual(
    [settings.mode, settings.masqueradeAll, settings.master, settings.nodeName, settings.kubeconfig],
    ["nftables", false, "https://m", "flag", "/k"],
  );
  assert.equal(configuration.logging.verbosity, 4);
  assert.deepEqual(warnings, ["--config is given: ignored --proxy-mode, --masquerade-all"]);
});

test("fields that cannot do here what they say are told", async () => {
  const file = await fileWith(
    "b",
    "featureGates: {A: true, AllowServiceExternalIPs: false}\nenableProfiling: true\nwinkernel: {enableDSR: true}\n",
  );
  const { warnings } = await loadConfiguration(["--config", file]);
  assert.deepEqual(
    warnings.map((warning) => warning.split(" ")[0]),
    ["enableProfiling", "winkernel", "no"],
  );
  assert.equal(warnings.at(-1), "no such feature gate here, without effect: A");
});

test("a file that never ends is no configuration", async () => {
  await assert.rejects(loadConfiguration(["--config", "/dev/zero"]), {
    name: "ConfigurationError",
    message: "the configuration file cannot be read: /dev/zero holds more than 1048576 bytes",
  });
});

const refused: [body: string, message: RegExp][] = [
  [
    "mod: a\noomScoreAdjust: 1\n",
    /a-file: line 3: mod: unknown field\n.*a-file: line 4: oomScoreAdjust: unknown field$/,
  ],
  ["oomScoreAdj: 2000\n", /^KubeProxyConfiguration\.oomScoreAdj: Invalid value: 2000: must be within the range/],
];
for (const [body, message] of refused)
  test(`refused: ${JSON.stringify(body)}`, async () => {
    const file = await fileWith("a-file", body);
    await assert.rejects(
      loadConfiguration(["--config", file]),
      (error) => error instanceof ConfigurationError && message.test(error.message),
    );
  });

test("a file that is not there", async () => {
  await assert.rejects(loadConfiguration(["--config", join(directory, "none")]), ConfigurationError);
});

test("what was written is loaded as the same", async () => {
  const file = join(directory, "written");
  const { configuration } = await loadConfiguration(["--cluster-cidr", "10.0.0.0/8", "--oom-score-adj", "7"]);
  await writeConfiguration(configuration, file);
  const { configuration: loaded } = await loadConfiguration(["--config", file]);
  assert.deepEqual(loaded, configuration);
  assert.equal(settingsOf(loaded, { master: "", hostnameOverride: "" }).nodeName, hostname().toLowerCase());
});

const changes: [name: string, change: (file: string) => Promise<void>, message: RegExp][] = [
  ["written", (file) => writeFile(file, `${head}mode: iptables\n`), /was changed: ending/],
  ["removed", (file) => rm(file), /is gone: ending/],
];
for (const [name, change, message] of changes)
  test(`a file that is ${name} meanwhile is noticed`, async () => {
    const file = await fileWith(name, "");
    const watching = watchConfiguration(file, head);
    await change(file);
    await assert.rejects(watching.changed, message);
    watching.close();
  });

test("a ConfigMap's volume that changes is noticed: a link is swapped, the file stays", async () => {
  const volume = await mkdtemp(join(directory, "volume-"));
  await fileWith("one", "");
  await fileWith("two", "mode: nftables\n");
  await symlink("../one", join(volume, "data"));
  await symlink("data", join(volume, "config.conf"));
  const watching = watchConfiguration(join(volume, "config.conf"), head);
  await symlink("../two", join(volume, "next"));
  await rename(join(volume, "next"), join(volume, "data"));
  await assert.rejects(watching.changed, /was changed: ending/);
  watching.close();
});

test("a change from before the watch is noticed too", async () => {
  const file = await fileWith("earlier", "");
  const watching = watchConfiguration(file, "something else");
  await assert.rejects(watching.changed, ConfigurationError);
  watching.close();
});
