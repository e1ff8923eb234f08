import { events } from "../../../kubernetes/resource.ts";
import type { Event } from "../../../kubernetes/types.ts";
import { defineKind } from "./define.ts";
import type { FieldError } from "./descriptor.ts";
import { typeNamed } from "./schema/definitions.ts";
import { age } from "./table/age.ts";
import { text, wide } from "./table/columns.ts";
import { invalid } from "./validation/errors.ts";

export const event = defineKind<Event>({
  resource: events,
  singular: "event",
  shortNames: ["ev"],
  categories: [],
  schema: typeNamed("core.Event"),
  nameFormat: "subdomain",
  validate: validateEvent,
  hasStatus: false,
  selectableFields: {
    "involvedObject.kind": ({ involvedObject }) => involvedObject?.kind ?? "",
    "involvedObject.namespace": ({ involvedObject }) => involvedObject?.namespace ?? "",
    "involvedObject.name": ({ involvedObject }) => involvedObject?.name ?? "",
    "involvedObject.uid": ({ involvedObject }) => involvedObject?.uid ?? "",
    "involvedObject.apiVersion": ({ involvedObject }) => involvedObject?.apiVersion ?? "",
    "involvedObject.resourceVersion": ({ involvedObject }) => involvedObject?.resourceVersion ?? "",
    "involvedObject.fieldPath": ({ involvedObject }) => involvedObject?.fieldPath ?? "",
    reason: (object) => object.reason ?? "",
    reportingComponent: (object) => object.reportingComponent ?? "",
    source: ({ source, reportingComponent }) => source?.component || (reportingComponent ?? ""),
    type: (object) => object.type ?? "",
  },
  columns: [
    text("Last Seen"),
    text("Type"),
    text("Reason"),
    text("Object"),
    wide("Subobject"),
    wide("Source"),
    text("Message"),
    wide("First Seen"),
    { name: "Count", type: "integer", priority: 1 },
    { name: "Name", type: "string", format: "name", priority: 1 },
  ],
  row(object, now) {
    const { involvedObject, series, metadata } = object;
    const kind = involvedObject?.kind?.toLowerCase() ?? "";
    return [
      age(series?.lastObservedTime ?? object.lastTimestamp ?? object.eventTime, now),
      object.type ?? "",
      object.reason ?? "",
      involvedObject?.name ? `${kind}/${involvedObject.name}` : kind,
      involvedObject?.fieldPath ?? "",
      sourceCell(object),
      (object.message ?? "").trim(),
      age(object.firstTimestamp ?? object.eventTime, now),
      series?.count ?? (object.count || 1),
      metadata?.name ?? "",
    ];
  },
});

/** "component, instance" of whoever reported. */
function sourceCell({ source, reportingComponent, reportingInstance }: Event): string {
  const component = source?.component || (reportingComponent ?? "");
  const instance = source?.host || (reportingInstance ?? "");
  return instance === "" ? component : `${component}, ${instance}`;
}

/** An event lives in the namespace of what it is about; about something outside namespaces, in default. */
function validateEvent({ metadata, involvedObject }: Event): FieldError[] {
  const namespace = metadata?.namespace ?? "";
  const about = involvedObject?.namespace ?? "";
  const fits = about === "" ? namespace === "default" || namespace === "kube-system" : about === namespace;
  return fits ? [] : [invalid("involvedObject.namespace", about, "does not match event.namespace")];
}
