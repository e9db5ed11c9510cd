/**
 * S2: the public certificate is enough when the shared proxy does not overwrite the header. Here: a header twice, in
 * another case or with underscores, or present while the proxy says "not verified", is refused, although the peer is a
 * listed proxy and the certificate is good.
 */
import { expect } from 'chai';
import type { ProxyPreset } from '../../src/authentication/proxy-certificate.ts';
import { issueTestCard, pemOf } from '../support/authority.ts';
import { byteSequence, type CardService, startCardService } from '../support/card-service.ts';

type Headers = Readonly<Record<string, string | readonly string[]>>;

const PRESETS: Readonly<
  Record<ProxyPreset, { good: (certificate: Buffer) => Headers; doubtful: Record<string, (good: Headers) => Headers> }>
> = {
  rfc9440: {
    good: (certificate) => ({ 'Client-Cert': byteSequence(certificate) }),
    doubtful: {
      twice: (good) => ({ 'Client-Cert': [String(good['Client-Cert']), String(good['Client-Cert'])] }),
      'in lower case': (good) => ({ 'client-cert': good['Client-Cert'] ?? '' }),
      'in capitals': (good) => ({ 'CLIENT-CERT': good['Client-Cert'] ?? '' }),
      'with an underscore': (good) => ({ Client_Cert: good['Client-Cert'] ?? '' }),
      'with an underscore beside an empty one': (good) => ({
        'Client-Cert': '',
        Client_Cert: good['Client-Cert'] ?? '',
      }),
      'with a chain beside it': (good) => ({ ...good, 'Client-Cert-Chain': good['Client-Cert'] ?? '' }),
      'with the verdict of another preset': (good) => ({ ...good, 'X-SSL-Client-Verify': 'SUCCESS' }),
    },
  },
  nginx: {
    good: (certificate) => ({
      'X-SSL-Client-Cert': encodeURIComponent(pemOf(certificate)),
      'X-SSL-Client-Verify': 'SUCCESS',
    }),
    doubtful: {
      twice: (good) => ({
        ...good,
        'X-SSL-Client-Cert': [String(good['X-SSL-Client-Cert']), String(good['X-SSL-Client-Cert'])],
      }),
      'in lower case': ({ 'X-SSL-Client-Cert': certificate = '', ...rest }) => ({
        ...rest,
        'x-ssl-client-cert': certificate,
      }),
      'with underscores': ({ 'X-SSL-Client-Cert': certificate = '', ...rest }) => ({
        ...rest,
        X_SSL_Client_Cert: certificate,
      }),
      'with the verdict twice': (good) => ({ ...good, 'X-SSL-Client-Verify': ['SUCCESS', 'SUCCESS'] }),
      'with a verdict with underscores beside it': (good) => ({ ...good, X_SSL_Client_Verify: 'SUCCESS' }),
      'with the header of another preset': (good) => ({ ...good, 'Client-Cert': '' }),
    },
  },
};

const NOT_VERIFIED = ['NONE', 'FAILED:self-signed certificate', 'FAILED', ''];

for (const preset of ['rfc9440', 'nginx'] as const) {
  describe(`S2, preset ${preset}: a good certificate from a listed proxy`, () => {
    let service: CardService;
    let good: Headers;
    before(async () => {
      service = await startCardService(preset, ['127.0.0.1']);
      good = PRESETS[preset].good(issueTestCard(service.authority.issuing).certificate);
    });
    after(() => service.dispose());

    const refuse = async (headers: Headers, code: string): Promise<void> => {
      const outcome = await service.presentations.collect(await service.present(headers));
      expect(outcome).to.deep.equal({ outcome: 'refused', code });
      expect((await service.events()).at(-1)).to.include({ type: 'citizen.refused', code });
    };

    it('as the proxy sends it signs in', async () => {
      expect(await service.presentations.collect(await service.present(good))).to.have.property(
        'outcome',
        'authenticated',
      );
    });
    for (const [what, change] of Object.entries(PRESETS[preset].doubtful)) {
      it(`${what} is refused`, () => refuse(change(good), 'PROXY_HEADER_AMBIGUOUS'));
    }
    if (preset === 'nginx') {
      for (const verdict of NOT_VERIFIED) {
        it(`while the proxy says ${JSON.stringify(verdict)} is refused`, () =>
          refuse({ ...good, 'X-SSL-Client-Verify': verdict }, 'PROXY_NOT_VERIFIED'));
      }
      it('while the proxy says nothing is refused', () => {
        const { 'X-SSL-Client-Verify': _, ...withoutVerdict } = good;
        return refuse(withoutVerdict, 'PROXY_HEADER_MALFORMED');
      });
    }
  });
}
