import { inOwnNetwork } from "../support/own-network.ts";

if (inOwnNetwork(import.meta.url)) await import("../proxy/kills.ts");
