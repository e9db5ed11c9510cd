import { expect } from 'chai';
import {
  evidenceFromProxy,
  type ForwardedRequest,
  type ProxyPreset,
  trustedPeers,
} from '../../src/authentication/proxy-certificate.ts';
import { CertificateError, type Code, EvidenceError } from '../../src/errors.ts';
import { createTestAuthority, issueTestCard, pemOf } from '../support/authority.ts';
import { expectRefusal } from '../support/refusal.ts';

const { certificate } = issueTestCard(createTestAuthority().issuing);
const BASE64 = certificate.toString('base64');
const BYTE_SEQUENCE = `:${BASE64}:`;
const ESCAPED_PEM = encodeURIComponent(pemOf(certificate));

const PROXY = '10.0.0.5';
const PEERS = trustedPeers([PROXY]);

const read = (preset: ProxyPreset, rawHeaders: readonly string[], peerAddress = PROXY) =>
  evidenceFromProxy({ peerAddress, rawHeaders } satisfies ForwardedRequest, preset, PEERS);

const refuse = (code: Code, preset: ProxyPreset, rawHeaders: readonly string[], peerAddress = PROXY) =>
  expectRefusal(() => read(preset, rawHeaders, peerAddress), EvidenceError, code);

const RFC9440 = ['Host', 'x', 'Client-Cert', BYTE_SEQUENCE];
const NGINX = ['Host', 'x', 'X-SSL-Client-Cert', ESCAPED_PEM, 'X-SSL-Client-Verify', 'SUCCESS'];

describe('trusted peers', () => {
  const list = trustedPeers(['10.0.0.5', '192.168.4.0/30', '2001:db8::7', '2001:db8:1::/64']);

  for (const address of [
    '10.0.0.5',
    '::ffff:10.0.0.5',
    '::FFFF:10.0.0.5',
    '192.168.4.0',
    '192.168.4.3',
    '::ffff:192.168.4.1',
    '2001:db8::7',
    '2001:0DB8:0:0::7',
    '2001:db8:1::1',
    '2001:db8:1:0:ffff:ffff:ffff:ffff',
  ]) {
    it(`include ${address}`, () => expect(list.includes(address)).to.equal(true));
  }
  for (const address of [
    '10.0.0.4',
    '10.0.0.6',
    '::ffff:10.0.0.6',
    '192.168.4.4',
    '192.168.3.255',
    '2001:db8::8',
    '2001:db8:1:1::1',
    '127.0.0.1',
    '::1',
    '',
    'localhost',
    '10.0.0.5:443',
    '10.0.0.5, 127.0.0.1',
    '010.0.0.5',
    '::ffff:10.0.0.5.evil.example',
    'unknown',
  ]) {
    it(`do not include ${address || 'nothing'}`, () => expect(list.includes(address)).to.equal(false));
  }

  it('of an empty list include nobody', () => expect(trustedPeers([]).includes('127.0.0.1')).to.equal(false));

  for (const entry of [
    '',
    'localhost',
    'proxy.example.ma',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.5/33',
    '2001:db8::/129',
    '10.0.0.0/-1',
    '10.0.0.0/8.5',
    '10.0.0.0/eight',
    // Each of these would read as a prefix that nobody wrote:
    '10.0.0.0/',
    '10.0.0.0/ ',
    '10.0.0.0/0x8',
    '10.0.0.0/1e1',
    '10.0.0.0/8/24',
    '10.0.0.0/08',
    // A list that names everybody is no list (S1).
    '0.0.0.0/0',
    '::/0',
    '::/1',
    '::ffff:0:0/96',
    '::ffff:10.0.0.0/8',
  ]) {
    it(`refuse the entry ${JSON.stringify(entry)}`, () => {
      expect(() => trustedPeers(['10.0.0.5', entry])).to.throw(TypeError);
    });
  }

  it('of an IPv4 network in the form of IPv6 include its addresses alone', () => {
    const mapped = trustedPeers(['::ffff:10.0.0.0/104', '192.0.2.0/24', '::1', 'fd00::/8']);
    expect(['10.0.0.5', '::ffff:10.255.0.1'].every((address) => mapped.includes(address))).to.equal(true);
    expect(['11.0.0.1', '127.0.0.1', '0.0.0.0'].some((address) => mapped.includes(address))).to.equal(false);
  });
  it('of the widest network that is accepted include its half of the world', () => {
    const half = trustedPeers(['0.0.0.0/1']);
    expect(half.includes('127.255.255.255')).to.equal(true);
    expect(half.includes('128.0.0.0')).to.equal(false);
  });
});

describe('RFC 9440: Client-Cert', () => {
  it('is a Byte Sequence of DER', () => {
    const evidence = read('rfc9440', RFC9440);
    expect(evidence).to.include({ method: 'client-certificate', provenBy: 'trusted-proxy' });
    expect(Buffer.from(evidence.unverifiedCertificate.der).equals(certificate)).to.equal(true);
  });

  it('may have white space around it, as any field value', () => {
    expect(read('rfc9440', ['Client-Cert', ` ${BYTE_SEQUENCE} `]).unverifiedCertificate.der).to.have.lengthOf(
      certificate.length,
    );
  });

  it('absent: the proxy saw no card', () => refuse('CARD_NOT_PRESENTED', 'rfc9440', ['Host', 'x']));
  it('empty: the proxy saw no card', () => refuse('CARD_NOT_PRESENTED', 'rfc9440', ['Client-Cert', '']));

  for (const [fault, value] of Object.entries({
    'without colons': BASE64,
    'without its last colon': `:${BASE64}`,
    'with something behind it': `${BYTE_SEQUENCE};a=1`,
    'with a parameter that hides a second value': `${BYTE_SEQUENCE}, ${BYTE_SEQUENCE}`,
    'with another character': `:${BASE64.slice(0, -4)}*AA=:`,
    'in base64url': `:${BASE64.slice(0, 8)}-_${BASE64.slice(10)}:`,
    'with white space inside': `:${BASE64.slice(0, 64)} ${BASE64.slice(64)}:`,
    'of padding only': ':==:',
    'of nothing': '::',
    'that is a PEM block': pemOf(certificate),
    'in the form of the other preset': ESCAPED_PEM,
  })) {
    it(`${fault} is refused`, () => refuse('PROXY_HEADER_MALFORMED', 'rfc9440', ['Client-Cert', value]));
  }

  it('of octets that are no certificate is CERT_MALFORMED', () =>
    expectRefusal(() => read('rfc9440', ['Client-Cert', ':AAAA:']), CertificateError, 'CERT_MALFORMED'));
});

describe("nginx: $ssl_client_escaped_cert and the handshake's verdict", () => {
  it('is one PEM block, percent-encoded, beside SUCCESS', () => {
    const evidence = read('nginx', NGINX);
    expect(evidence).to.include({ method: 'client-certificate', provenBy: 'trusted-proxy' });
    expect(Buffer.from(evidence.unverifiedCertificate.der).equals(certificate)).to.equal(true);
  });

  const pair = (value: string, verdict: string) => ['X-SSL-Client-Cert', value, 'X-SSL-Client-Verify', verdict];

  it('NONE and no certificate: the proxy saw no card', () => refuse('CARD_NOT_PRESENTED', 'nginx', pair('', 'NONE')));
  it('NONE and no header at all: the proxy saw no card', () =>
    refuse('CARD_NOT_PRESENTED', 'nginx', ['X-SSL-Client-Verify', 'NONE']));
  it('FAILED and no certificate: the proxy saw no card that counts', () =>
    refuse('CARD_NOT_PRESENTED', 'nginx', pair('', 'FAILED:certificate has expired')));

  for (const verdict of [
    'NONE',
    'FAILED:certificate has expired',
    'FAILED',
    '',
    'success',
    'SUCCESS ',
    'SUCCESS,NONE',
  ]) {
    it(`a certificate beside ${JSON.stringify(verdict)} is refused`, () =>
      refuse('PROXY_NOT_VERIFIED', 'nginx', pair(ESCAPED_PEM, verdict)));
  }

  it('a certificate without a verdict is refused', () =>
    refuse('PROXY_HEADER_MALFORMED', 'nginx', ['X-SSL-Client-Cert', ESCAPED_PEM]));
  it('neither certificate nor verdict is refused: this is not the proxy that we know', () =>
    refuse('PROXY_HEADER_MALFORMED', 'nginx', ['Host', 'x']));

  for (const [fault, value] of Object.entries({
    'that is not percent-encoded': pemOf(certificate),
    'with a broken percent sign': `${ESCAPED_PEM}%`,
    'with octets that are no UTF-8': `%ff${ESCAPED_PEM}`,
    'of two PEM blocks': ESCAPED_PEM + ESCAPED_PEM,
    'with text before the block': `x${ESCAPED_PEM}`,
    'with text behind the block': `${ESCAPED_PEM}x`,
    'of another kind of block': encodeURIComponent(pemOf(certificate, 'X509 CRL')),
    'with a space that is not encoded': encodeURIComponent(pemOf(certificate)).replaceAll('%20', ' '),
    'with a plus sign that stands for a space': encodeURIComponent(pemOf(certificate)).replaceAll('%20', '+'),
    'of bare base64': BASE64,
    'in the form of the other preset': BYTE_SEQUENCE,
  })) {
    it(`a value ${fault} is refused`, () => refuse('PROXY_HEADER_MALFORMED', 'nginx', pair(value, 'SUCCESS')));
  }
});

describe('what is too large', () => {
  const header = (length: number) => ['Client-Cert', `:${'A'.repeat(length - 2)}:`];

  it('a value of 65536 characters is decoded, and found too large for a card', () =>
    expectRefusal(() => read('rfc9440', header(65_536)), CertificateError, 'CERT_TOO_LARGE'));
  it('a value of 65537 is not even decoded', () => refuse('PROXY_HEADER_MALFORMED', 'rfc9440', header(65_537)));
  it('a certificate of 16 KiB is parsed, of one octet more is not', async () => {
    const ofOctets = (octets: number) => ['Client-Cert', `:${Buffer.alloc(octets).toString('base64')}:`];
    await expectRefusal(() => read('rfc9440', ofOctets(16_384)), CertificateError, 'CERT_MALFORMED');
    await expectRefusal(() => read('rfc9440', ofOctets(16_385)), CertificateError, 'CERT_TOO_LARGE');
  });
});

const ACCEPTED = { rfc9440: RFC9440, nginx: NGINX } as const;

for (const preset of ['rfc9440', 'nginx'] as const) {
  const [, , name = '', value = ''] = ACCEPTED[preset];

  describe(`S1, preset ${preset}: a header counts from listed peers only`, () => {
    it('from the listed peer it counts', () => expect(read(preset, ACCEPTED[preset])).to.have.property('method'));
    for (const peer of ['10.0.0.6', '127.0.0.1', '::1', '']) {
      it(`from ${peer || 'a peer without address'} it does not, whatever it says`, async () => {
        await refuse('PROXY_NOT_TRUSTED', preset, ACCEPTED[preset], peer);
        await refuse('PROXY_NOT_TRUSTED', preset, [], peer);
      });
    }
    it('X-Forwarded-For makes nobody a listed peer', () =>
      refuse('PROXY_NOT_TRUSTED', preset, [...ACCEPTED[preset], 'X-Forwarded-For', PROXY], '10.0.0.6'));
  });

  describe(`S2, preset ${preset}: nothing about the header is doubtful`, () => {
    const ambiguous = (more: readonly string[]) =>
      refuse('PROXY_HEADER_AMBIGUOUS', preset, [...ACCEPTED[preset], ...more]);

    it('twice is refused, with the same value or another', async () => {
      await ambiguous([name, value]);
      await ambiguous([name, '']);
      await refuse('PROXY_HEADER_AMBIGUOUS', preset, [name, '', ...ACCEPTED[preset]]);
    });

    for (const spelling of [name.toLowerCase(), name.toUpperCase(), name.replaceAll('-', '_')]) {
      it(`${spelling} beside it is refused`, () => ambiguous([spelling, value]));
      it(`${spelling} instead of it is refused`, () =>
        refuse(
          'PROXY_HEADER_AMBIGUOUS',
          preset,
          ACCEPTED[preset].map((part) => (part === name ? spelling : part)),
        ));
    }

    const others = preset === 'rfc9440' ? ['X-SSL-Client-Cert', 'X-SSL-Client-Verify'] : ['Client-Cert'];
    for (const other of [...others, 'Client-Cert-Chain', 'client_cert_chain']) {
      it(`${other}, which this preset does not send, is refused`, () => ambiguous([other, 'x']));
    }

    it('a refusal names the header, not its value', async () => {
      const error = await ambiguous([name.toLowerCase(), 'SECRET']);
      expect(error.detail).to.deep.equal({ header: name.toLowerCase(), count: 1 });
      expect(JSON.stringify([error.message, error.detail])).to.not.include('SECRET');
    });

    it('other headers are nobody’s claim', () => {
      expect(
        read(preset, [...ACCEPTED[preset], 'Accept', 'x', 'X-Client-Cert', 'y', 'Client-Certs', 'z']),
      ).to.have.property('method');
    });
  });
}

describe('S2: the verdict header of nginx', () => {
  it('twice is refused, although both say SUCCESS', () =>
    refuse('PROXY_HEADER_AMBIGUOUS', 'nginx', [...NGINX, 'X-SSL-Client-Verify', 'SUCCESS']));
  for (const spelling of ['x-ssl-client-verify', 'X_SSL_Client_Verify', 'X-SSL-CLIENT-VERIFY']) {
    it(`${spelling} beside it is refused`, () =>
      refuse('PROXY_HEADER_AMBIGUOUS', 'nginx', [...NGINX, spelling, 'NONE']));
  }
});
