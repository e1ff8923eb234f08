import { services } from "../../../../kubernetes/resource.ts";
import type { Service } from "../../../../kubernetes/types.ts";
import { defineKind } from "../define.ts";
import { typeNamed } from "../schema/definitions.ts";
import { age } from "../table/age.ts";
import { labelsCell } from "../table/cells.ts";
import { ageColumn, nameColumn, text, wide } from "../table/columns.ts";
import { setServiceDefaults } from "./defaults.ts";
import { prepareServiceForCreate, prepareServiceForUpdate } from "./prepare.ts";
import { validateService } from "./validate.ts";
import { validateServiceStatusUpdate, validateServiceUpdate } from "./validate-update.ts";

export const service = defineKind<Service>({
  resource: services,
  singular: "service",
  shortNames: ["svc"],
  categories: ["all"],
  schema: typeNamed("core.Service"),
  nameFormat: "label1035",
  setDefaults: setServiceDefaults,
  prepareForCreate: prepareServiceForCreate,
  prepareForUpdate: prepareServiceForUpdate,
  validate: validateService,
  validateUpdate: validateServiceUpdate,
  validateStatusUpdate: validateServiceStatusUpdate,
  hasStatus: true,
  selectableFields: {
    "spec.clusterIP": ({ spec }) => spec?.clusterIP ?? "",
    "spec.type": ({ spec }) => spec?.type ?? "",
  },
  columns: [
    nameColumn,
    text("Type"),
    text("Cluster-IP"),
    text("External-IP"),
    text("Port(s)"),
    ageColumn,
    wide("Selector"),
  ],
  row: (object, now) => [
    object.metadata?.name ?? "",
    object.spec?.type ?? "",
    object.spec?.clusterIPs?.[0] || object.spec?.clusterIP || "<none>",
    externalAddressCell(object),
    portsCell(object),
    age(object.metadata?.creationTimestamp, now),
    labelsCell(object.spec?.selector),
  ],
});

function externalAddressCell({ spec, status }: Service): string {
  const external = spec?.externalIPs ?? [];
  if (spec?.type === "ExternalName") return spec.externalName ?? "";
  if (spec?.type !== "LoadBalancer") return external.join(",") || "<none>";
  const ingress = (status?.loadBalancer?.ingress ?? []).map((entry) => entry.ip || entry.hostname || "");
  const balancers = [...new Set(ingress.filter((address) => address !== ""))];
  return [...balancers, ...external].join(",") || "<pending>";
}

function portsCell({ spec }: Service): string {
  const ports = (spec?.ports ?? []).map(({ port, nodePort, protocol }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  );
  return ports.join(",") || "<none>";
}
