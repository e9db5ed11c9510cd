/**
 * An OCSP responder over real HTTP on loopback: it reads the request, and answers as the test says.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CertificationAuthority } from '../../src/demo/authority.ts';
import { DerCursor, enterWhole, TAG } from '../../src/pki/der.ts';
import { OCSP_NONCE } from '../../src/pki/ocsp-request.ts';
import { issueTestOcspResponse, type OcspChanges } from './ocsp.ts';

/** `down`: the connection ends without an answer. `silent`: nothing comes, ever. */
export type ResponderMood = OcspChanges | 'down' | 'silent';

export interface LocalResponder {
  readonly url: string;
  /** As `allowedHosts` and `privateHosts` name it. */
  readonly host: string;
  mood: ResponderMood;
  /** Serial numbers of the requests so far, hexadecimal. */
  readonly asked: string[];
  close(): Promise<void>;
}

/** @param issuer whose certificates it answers for; it signs itself, unless the mood has another signer */
export async function startResponder(issuer: CertificationAuthority): Promise<LocalResponder> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { serialNumber, nonce } = readRequest(Buffer.concat(chunks));
    responder.asked.push(serialNumber.toString('hex'));
    const { mood } = responder;
    if (mood === 'down') return void response.destroy();
    if (mood === 'silent') return;
    const body = issueTestOcspResponse(issuer, serialNumber, { ...(nonce && { nonce }), ...mood });
    response.writeHead(200, { 'content-type': 'application/ocsp-response' }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`; // a TCP server's address is an object
  const responder: LocalResponder = {
    url: `http://${host}/`,
    host,
    mood: {},
    asked: [],
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return responder;
}

/** RFC 6960 4.1.1, for one certificate. */
function readRequest(der: Buffer): { readonly serialNumber: Buffer; readonly nonce: Buffer | undefined } {
  const tbsRequest = enterWhole(der).sequence();
  const certId = tbsRequest.sequence().sequence().sequence();
  certId.sequence();
  certId.octetString();
  certId.octetString();
  certId.expect(TAG.INTEGER);
  const serialNumber = Buffer.from(certId.content);
  const extensions = tbsRequest.enterOptional(TAG.CONTEXT_CONSTRUCTED + 2)?.sequence();
  const extension = extensions?.sequence();
  if (extension?.objectIdentifier() !== OCSP_NONCE) return { serialNumber, nonce: undefined };
  return { serialNumber, nonce: Buffer.from(new DerCursor(extension.octetString()).octetString()) };
}
