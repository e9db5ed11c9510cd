/**
 * One HTTP exchange as a browser on this machine makes it: `*.localhost` is loopback (RFC 6761 6.3), the card's key is
 * used when the server asks for it, and every request has a connection and a TLS handshake of its own.
 */
import { type IncomingHttpHeaders, type IncomingMessage, type RequestOptions, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';

export interface SoftwareCard {
  readonly certificatePem: string | Buffer;
  readonly keyPem: string | Buffer;
}

export interface TlsIdentity {
  /** The root of the card host's TLS certificate. */
  readonly tlsRootPem: string | Buffer;
  /** Absent: the citizen has no card in the reader. */
  readonly card?: SoftwareCard | undefined;
}

export interface PageRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface PageResponse {
  readonly url: URL;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const TIMEOUT_MS = 15_000;
const LARGEST_BODY = 1024 * 1024;

export function exchange({ method, url, headers, body }: PageRequest, identity: TlsIdentity): Promise<PageResponse> {
  const options: RequestOptions = {
    method,
    headers: {
      ...headers,
      Connection: 'close',
      ...(body !== undefined && {
        'Content-Type': 'application/x-www-form-urlencoded',
        'Content-Length': Buffer.byteLength(body),
      }),
    },
    // No agent: no kept connection and no TLS session from which the next one could resume.
    agent: false,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(isLoopbackName(url.hostname) && { lookup: lookupLoopback }),
  };
  return new Promise((resolve, reject) => {
    const receive = (response: IncomingMessage): void => {
      readBody(response).then(
        (text) => resolve({ url, status: response.statusCode ?? 0, headers: response.headers, body: text }),
        reject,
      );
    };
    const request =
      url.protocol === 'https:'
        ? requestHttps(
            url,
            { ...options, ca: identity.tlsRootPem, cert: identity.card?.certificatePem, key: identity.card?.keyPem },
            receive,
          )
        : requestHttp(url, options, receive);
    request.once('error', reject);
    request.end(body);
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LARGEST_BODY) throw new RangeError('a page of the service is larger than any of its pages is');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function isLoopbackName(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost');
}

/** The resolver of the system may not know `*.localhost`; server name and Host stay what the address says. */
const lookupLoopback: LookupFunction = (_hostname, options, callback) => {
  if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};
