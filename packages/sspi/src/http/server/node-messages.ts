import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'

/** A request, as Node's servers of HTTP/1.1 and HTTP/2 hand it out. */
export type HttpServerRequest = IncomingMessage | Http2ServerRequest

/** The response to it. */
export type HttpServerResponse = ServerResponse | Http2ServerResponse
