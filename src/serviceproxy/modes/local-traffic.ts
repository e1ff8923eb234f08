/** How a node tells the traffic of its own Pods from the rest. */
export type LocalTraffic =
  | { kind: "cidr"; cidr: string }
  | { kind: "bridge"; name: string }
  | { kind: "prefix"; prefix: string };
