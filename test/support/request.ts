/**
 * One request to a koa application over a loopback socket, as it would come from a browser, and the whole answer.
 */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import { request as requestTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import type Koa from 'koa';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export async function get(
  app: Koa,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Answer> {
  const server = createServer(app.callback()).listen(0, '127.0.0.1');
  try {
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // a TCP server's address is an object
    return await send({ port, path, headers, method });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/**
 * One request to a port of loopback; the connection is closed after it. The path goes out as it is written: fetch would
 * tidy it up.
 */
export async function send(parts: {
  readonly port: number;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly method?: string;
  readonly body?: string;
  /** TLS, asking for this name; the server's certificate is not looked at. */
  readonly servername?: string;
}): Promise<Answer> {
  const { port, path, headers = {}, method = 'GET', body, servername } = parts;
  const common = { host: '127.0.0.1', port, path, method, agent: false };
  const outgoing =
    servername === undefined ? request(common) : requestTls({ ...common, servername, rejectUnauthorized: false });
  for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value);
  outgoing.end(body);
  const [answer] = await once(outgoing, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks).toString('utf8') };
}
