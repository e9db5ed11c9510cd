/**
 * S3: a proxy forwards a client's own header when no certificate was given. Real nginx, with each configuration that we
 * ship, in front of an upstream that says which headers it received; what they are worth is decided by the service's
 * own reading of them.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { expect } from 'chai';
import {
  evidenceFromProxy,
  PROXY_PRESETS,
  type ProxyPreset,
  trustedPeers,
} from '../../src/authentication/proxy-certificate.ts';
import { extension } from '../../src/demo/extension.ts';
import { generateKeys } from '../../src/demo/signing.ts';
import { createTlsRoot, issueServerCertificate } from '../../src/demo/tls-certificates.ts';
import { EvidenceError } from '../../src/errors.ts';
import { octetString } from '../../src/pki/der-writer.ts';
import {
  createTestAuthority,
  issueTestCard,
  pemOf,
  type TestAuthority,
  type TestCertificate,
} from '../support/authority.ts';
import { CARD_DOMAIN, ISSUER_NAME, type ReverseProxy, startReverseProxy } from '../support/reverse-proxy.ts';
import { requireTools } from '../support/tools.ts';

const LABEL = `x1.${CARD_DOMAIN}`;
const GUARDED = ['Client-Cert', 'Client-Cert-Chain', 'X-SSL-Client-Cert', 'X-SSL-Client-Verify'];

/** A guarded name in every spelling that something behind might take for it. */
const spellingsOf = (name: string): string[] => [
  ...new Set([
    name,
    name.toLowerCase(),
    name.toUpperCase(),
    name.replaceAll('-', '_'),
    name.toLowerCase().replaceAll('-', '_'),
    name.replace('-', '_'),
    name.replaceAll('-', '.'),
  ]),
];
const SPELLINGS = GUARDED.flatMap(spellingsOf);

/** Distinct names of rawHeaders that a lax reader would take for a guarded one, with their values. */
function guardedHeaders(rawHeaders: readonly string[]): [string, string][] {
  const found: [string, string][] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '-');
    if (GUARDED.some((guarded) => guarded.toLowerCase() === plain)) found.push([name, rawHeaders[index + 1] ?? '']);
  }
  return found;
}

interface Answer {
  readonly status: number;
  readonly head: string;
  /** As the upstream received them; undefined when the proxy answered by itself. */
  readonly rawHeaders: string[] | undefined;
}

for (const preset of PROXY_PRESETS) {
  describe(`S3: nginx as shipped, preset ${preset}`, () => {
    let authority: TestAuthority;
    let card: TestCertificate;
    let upstream: Server;
    let proxy: ReverseProxy;

    before(async function () {
      requireTools(this, ['nginx-light']);
      // OpenSSL in nginx reads the clock of the machine.
      const at = new Date();
      const root = createTlsRoot(at);
      const keys = generateKeys('P-256');
      authority = createTestAuthority();
      card = issueTestCard(authority.issuing);
      upstream = createServer({ maxHeaderSize: 80 * 1024 }, (request, response) => {
        response.writeHead(200, { 'x-upstream': 'yes', 'content-type': 'application/json' });
        response.end(JSON.stringify(request.rawHeaders));
      });
      upstream.listen(0, '127.0.0.1');
      await once(upstream, 'listening');
      const { port } = upstream.address() as AddressInfo; // a TCP server has no other
      proxy = await startReverseProxy({
        preset,
        issuerPort: port,
        cardPort: port,
        certificatePem: pemOf(issueServerCertificate(root, keys.publicKey, at)),
        privateKeyPem: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        cardIssuersPem: pemOf(authority.root.certificate) + pemOf(authority.issuing.certificate),
      });
    });
    after(async () => {
      await proxy?.stop();
      upstream?.close();
    });

    const presenting = ({ certificate, keys }: TestCertificate): ConnectionOptions => ({
      cert: pemOf(certificate),
      key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    });
    const ask = async (
      headers: readonly string[] = [],
      options: ConnectionOptions = {},
      { servername, host }: { readonly servername: string; readonly host?: string } = { servername: LABEL },
    ): Promise<Answer> => {
      const socket = await proxy.connect(servername, options);
      const closing = headers.some((line) => /^connection:/i.test(line)) ? [] : ['Connection: close'];
      socket.write(['GET / HTTP/1.1', `Host: ${host ?? servername}`, ...closing, ...headers, '', ''].join('\r\n'));
      return readAnswer(socket);
    };
    const certificateSeenBy = (answer: Answer): Buffer => {
      const request = { peerAddress: '127.0.0.1', rawHeaders: answer.rawHeaders ?? [] };
      return Buffer.from(evidenceFromProxy(request, preset, trustedPeers(['127.0.0.1'])).unverifiedCertificate.der);
    };
    const expectNoCard = (answer: Answer): void => {
      expect(guardedHeaders(answer.rawHeaders ?? [])).to.deep.equal(expectedWithoutCard(preset));
      expect(() => certificateSeenBy(answer))
        .to.throw(EvidenceError)
        .with.property('code', 'CARD_NOT_PRESENTED');
    };
    /** A value that the service would accept, had the proxy made it. */
    const forgedLine = (name: string): string => {
      const der = issueTestCard(authority.issuing).certificate;
      const value = /verify/i.test(name)
        ? 'SUCCESS'
        : preset === 'rfc9440'
          ? `:${der.toString('base64')}:`
          : encodeURIComponent(pemOf(der));
      return `${name}: ${value}`;
    };

    it('forwards a certificate in exactly one well-formed header', async () => {
      const answer = await ask([], presenting(card));
      expect(answer.status).to.equal(200);
      const names = guardedHeaders(answer.rawHeaders ?? []).map(([name]) => name);
      expect(names).to.deep.equal(
        preset === 'rfc9440' ? ['Client-Cert'] : ['X-SSL-Client-Cert', 'X-SSL-Client-Verify'],
      );
      expect(certificateSeenBy(answer)).to.deep.equal(card.certificate);
    });

    it('forwards a certificate of any length that a card has, and says so when it is longer', async () => {
      const padded = (octets: number): TestCertificate =>
        issueTestCard(authority.issuing, {
          moreExtensions: [extension('2.999.1', false, octetString(Buffer.alloc(octets)))],
        });
      // 48 octets are one line of PEM: full lines, and every remainder.
      for (let octets = 0; octets < 48; octets++) {
        const certificate = padded(octets);
        expect(certificateSeenBy(await ask([], presenting(certificate)))).to.deep.equal(certificate.certificate);
      }
      const long = padded(5000);
      expect(certificateSeenBy(await ask([], presenting(long)))).to.deep.equal(long.certificate);
      const longer = padded(8000);
      const answer = await ask([], presenting(longer));
      if (preset === 'nginx') expect(certificateSeenBy(answer)).to.deep.equal(longer.certificate);
      else
        expect(() => certificateSeenBy(answer))
          .to.throw(EvidenceError)
          .with.property('code', 'PROXY_HEADER_MALFORMED');
    });

    it('says that there is no card when the handshake had no certificate', async () => {
      expectNoCard(await ask());
    });

    for (const name of GUARDED) {
      it(`removes a forged ${name}, in every spelling, when the handshake had no certificate`, async () => {
        for (const spelling of spellingsOf(name)) expectNoCard(await ask([forgedLine(spelling)]));
      });
    }

    it('removes a forged header that comes twice, beside one in another spelling', async () => {
      for (const [index, name] of SPELLINGS.entries()) {
        const next = SPELLINGS[(index + 1) % SPELLINGS.length] ?? name;
        expectNoCard(await ask([name, next, name].map(forgedLine)));
      }
    });

    it('lets the certificate of the handshake win over forged headers', async () => {
      for (const name of SPELLINGS) {
        expect(certificateSeenBy(await ask([forgedLine(name)], presenting(card)))).to.deep.equal(card.certificate);
      }
    });

    it('keeps its own headers when the client declares them hop-by-hop', async () => {
      const connection = `Connection: close, ${GUARDED.join(', ')}`;
      expect(certificateSeenBy(await ask([connection], presenting(card)))).to.deep.equal(card.certificate);
      expectNoCard(await ask([connection, forgedLine(GUARDED[0] ?? '')]));
    });

    it('never passes on a header whose name ends in white space, or one that is folded', async () => {
      const [name = '', value = ''] = forgedLine(preset === 'rfc9440' ? 'Client-Cert' : 'X-SSL-Client-Cert').split(
        ': ',
      );
      for (const lines of [[`${name} : ${value}`], ['X-Other: a', ` ${name}: ${value}`], [`${name}:`, ` ${value}`]]) {
        const answer = await ask(lines);
        if (answer.rawHeaders !== undefined) expectNoCard(answer);
        else expect(answer.status).to.equal(400);
      }
    });

    it('forwards no forged header to the host that never asks for a certificate', async () => {
      for (const name of SPELLINGS) {
        const answer = await ask([forgedLine(name)], presenting(card), { servername: ISSUER_NAME });
        expect(answer.status).to.equal(200);
        expect(guardedHeaders(answer.rawHeaders ?? []), name).to.deep.equal([]);
      }
    });

    it('refuses a request for another name than that of the handshake', async () => {
      for (const names of [
        { servername: ISSUER_NAME, host: LABEL },
        { servername: LABEL, host: `x2.${CARD_DOMAIN}` },
      ]) {
        const answer = await ask([forgedLine('Client-Cert')], presenting(card), names);
        expect(answer.status).to.equal(421);
        expect(answer.rawHeaders).to.equal(undefined);
      }
    });

    it('has no handshake for a name that it does not serve', async () => {
      const outcome = await proxy.connect('elsewhere.example').then(
        (socket) => socket.destroy(),
        (error: NodeJS.ErrnoException) => error.code,
      );
      expect(outcome).to.equal('ERR_SSL_TLSV1_UNRECOGNIZED_NAME');
    });

    it('closes the connection after the answer, and never resumes a session', async () => {
      for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
        const options = { ...presenting(card), maxVersion };
        const first = await proxy.connect(LABEL, options);
        let session = first.getSession();
        first.on('session', (given) => {
          session = given;
        });
        first.write(`GET / HTTP/1.1\r\nHost: ${LABEL}\r\n\r\n`);
        const answer = await readAnswer(first);
        expect(answer.head.toLowerCase()).to.include('connection: close');

        const second = await proxy.connect(LABEL, { ...options, ...(session && { session }) });
        expect(second.isSessionReused()).to.equal(false);
        second.destroy();
      }
    });

    it('leaves the verdict on a certificate to the service', async () => {
      const strangers = {
        'of an unknown authority': issueTestCard(createTestAuthority().issuing),
        expired: issueTestCard(authority.issuing, { notBefore: new Date(0), notAfter: new Date(86_400_000) }),
      };
      for (const [what, certificate] of Object.entries(strangers)) {
        const answer = await ask([], presenting(certificate));
        expect(answer.rawHeaders, what).to.be.an('array');
        if (preset === 'rfc9440') {
          expect(certificateSeenBy(answer), what).to.deep.equal(certificate.certificate);
        } else {
          expect(() => certificateSeenBy(answer), what)
            .to.throw(EvidenceError)
            .with.property('code', 'PROXY_NOT_VERIFIED');
        }
      }
    });
  });
}

function expectedWithoutCard(preset: ProxyPreset): [string, string][] {
  return preset === 'rfc9440' ? [] : [['X-SSL-Client-Verify', 'NONE']];
}

async function readAnswer(socket: TLSSocket): Promise<Answer> {
  let text = '';
  socket.setEncoding('utf8');
  for await (const part of socket) text += part;
  const end = text.indexOf('\r\n\r\n');
  const head = text.slice(0, end);
  const isUpstream = /^x-upstream: yes\r?$/im.test(head);
  return {
    status: Number(head.split(' ')[1]),
    head,
    rawHeaders: isUpstream
      ? (JSON.parse(text.slice(text.indexOf('['), text.lastIndexOf(']') + 1)) as string[])
      : undefined,
  };
}
