import type { Container, Pod } from "../../kubernetes/types.ts";
import type { ProcessIdentity } from "./container-spec.ts";
import { ContainerConfigError } from "./environment.ts";

/** What container engines leave to a container by default (Docker's list), as setpriv(1) names them. */
const defaultCapabilities = [
  "audit_write",
  "chown",
  "dac_override",
  "fowner",
  "fsetid",
  "kill",
  "mknod",
  "net_bind_service",
  "net_raw",
  "setfcap",
  "setgid",
  "setpcap",
  "setuid",
  "sys_chroot",
];

/** Who a container's program runs as: its own securityContext over the Pod's (core/v1 SecurityContext). Pure. */
export function processIdentity(pod: Pod, container: Container): ProcessIdentity {
  const general = pod.spec?.securityContext ?? {};
  const own = container.securityContext ?? {};
  const user = own.runAsUser ?? general.runAsUser;
  const group = own.runAsGroup ?? general.runAsGroup;
  if ((own.runAsNonRoot ?? general.runAsNonRoot) && (user ?? 0) === 0)
    throw new ContainerConfigError(
      `container has runAsNonRoot and image will run as root (pod: "${pod.metadata?.name}_${pod.metadata?.namespace}(${pod.metadata?.uid})", container: ${container.name}); set runAsUser`,
    );
  const groups = [...(general.supplementalGroups ?? []), ...(general.fsGroup === undefined ? [] : [general.fsGroup])];
  return {
    user,
    group,
    supplementaryGroups: [...new Set(groups)],
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    capabilities: capabilities(own.capabilities),
  };
}

function capabilities({ add = [], drop = [] }: { add?: string[]; drop?: string[] } = {}): string[] {
  const plain = (name: string) => name.toLowerCase().replace(/^cap_/, "");
  const dropped = new Set(drop.map(plain));
  const base = dropped.has("all") ? [] : defaultCapabilities.filter((name) => !dropped.has(name));
  return [...new Set([...base, ...add.map(plain)])].sort();
}
