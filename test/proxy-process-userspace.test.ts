import { inOwnNetwork } from "./support/own-network.ts";

if (inOwnNetwork(import.meta.url)) {
  process.env.PROXY_TEST_MODE = "userspace";
  await import("./proxy/process.ts");
}
