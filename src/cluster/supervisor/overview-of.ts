import { createClient } from "../../kubernetes/http-client.ts";
import { createHttpsTransport } from "../../kubernetes/https-transport.ts";
import { loadKubeconfig } from "../../kubernetes/kubeconfig.ts";
import { type Overview, readOverview } from "./overview.ts";

/** Milliseconds: a frozen API server must not hold up what else there is to say. */
const patience = 3000;

/** What the API says, or why it says nothing. */
export async function connectedOverview(kubeconfig: string): Promise<Overview | { error: string }> {
  try {
    const transport = createHttpsTransport(await loadKubeconfig(kubeconfig));
    const client = createClient(transport, { userAgent: "fairway-status", timeout: patience });
    return await readOverview(client).finally(() => client.close());
  } catch (error) {
    return { error: (error as Error).message };
  }
}
