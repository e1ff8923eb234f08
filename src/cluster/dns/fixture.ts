import type { EndpointSlice, Service } from "../../kubernetes/types.ts";
import { ClusterRecords } from "./cluster-records.ts";

/** A small cluster for the tests of this folder: one Service of each kind. */
export function sampleServices(): Service[] {
  const metadata = (name: string, namespace = "default") => ({ name, namespace });
  return [
    {
      metadata: metadata("kubernetes"),
      spec: { clusterIP: "10.96.0.1", clusterIPs: ["10.96.0.1"], ports: [{ name: "https", port: 443 }] },
    },
    {
      metadata: metadata("web", "shop"),
      spec: {
        clusterIP: "10.103.188.73",
        clusterIPs: ["10.103.188.73", "fd00::73"],
        ports: [
          { name: "http", port: 80, protocol: "TCP" },
          { name: "dns", port: 53, protocol: "UDP" },
        ],
      },
    },
    { metadata: metadata("plain"), spec: { clusterIP: "10.96.7.7", ports: [{ port: 80 }] } },
    {
      metadata: metadata("six", "shop"),
      spec: { clusterIP: "fd00:10:96::6", clusterIPs: ["fd00:10:96::6"], ports: [{ name: "http", port: 80 }] },
    },
    { metadata: metadata("db"), spec: { clusterIP: "None", ports: [{ name: "sql", port: 5432 }] } },
    { metadata: metadata("empty"), spec: { clusterIP: "None" } },
    { metadata: metadata("outside"), spec: { type: "ExternalName", externalName: "www.example.com" } },
    { metadata: metadata("inside"), spec: { type: "ExternalName", externalName: "web.shop.svc.cluster.local." } },
    { metadata: metadata("loop"), spec: { type: "ExternalName", externalName: "loop.default.svc.cluster.local" } },
  ];
}

export function sampleSlices(): EndpointSlice[] {
  return [
    {
      metadata: { name: "db-1", namespace: "default", labels: { "kubernetes.io/service-name": "db" } },
      addressType: "IPv4",
      ports: [{ name: "sql", port: 5432, protocol: "TCP" }],
      endpoints: [
        { addresses: ["10.32.0.3"], hostname: "db-0", conditions: { ready: true } },
        { addresses: ["10.32.4.5"], conditions: {} },
        { addresses: ["10.32.8.9"], hostname: "db-2", conditions: { ready: false } },
      ],
    },
    {
      metadata: { name: "db-2", namespace: "default", labels: { "kubernetes.io/service-name": "db" } },
      addressType: "IPv6",
      ports: [{ name: "sql", port: 5432, protocol: "TCP" }],
      endpoints: [
        { addresses: ["fd00:10:32::3"], hostname: "db-0", conditions: { ready: true } },
        { addresses: ["fd00:10:32:1::5"], conditions: {} },
      ],
    },
  ];
}

export function sampleRecords(): ClusterRecords {
  const records = new ClusterRecords();
  for (const namespace of ["default", "shop", "bare"]) records.setNamespace(namespace);
  for (const service of sampleServices()) records.setService(service);
  for (const slice of sampleSlices()) records.setSlice(slice);
  return records;
}
