/**
 * How a request reaches an API server. Two implementations: over HTTPS to any cluster (https-transport.ts), and straight into the embedded
 * API server's handler for the controllers that live in its process, with an identity of their own and the same authorization.
 */
export interface ApiRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path with query, as sent: "/api/v1/pods?watch=1". */
  path: string;
  headers: Record<string, string>;
  body?: Uint8Array | string;
  /** Ends the request, also a running watch. */
  signal?: AbortSignal;
}

export interface ApiResponse {
  status: number;
  headers: Record<string, string>;
  /** The body as it arrives; a watch never ends by itself before its timeout. */
  body: AsyncIterable<Uint8Array>;
}

export interface Transport {
  /** Rejects only when no HTTP answer came (refused, reset, timed out); an HTTP error status resolves. */
  request(request: ApiRequest): Promise<ApiResponse>;
  close(): Promise<void>;
}
