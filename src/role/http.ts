/**
 * node:http for long-running roles. An `import` of "node:http" reads every export, among them the lazy ones that load Node's fetch and
 * WebSocket (undici): 7 MB and some 30 ms in each process, measured with Node 26.10. This way only what is used is loaded. Types come from
 * "node:http" by `import type`.
 */
export const http = process.getBuiltinModule("node:http");
