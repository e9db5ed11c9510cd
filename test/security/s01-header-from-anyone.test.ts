/**
 * S1: a certificate header is accepted from anyone on the local network (Keycloak, CVE-2024-10039). Here: header mode
 * does not start without a list of trusted peers; a valid certificate from any other peer is ignored and recorded.
 */
import { expect } from 'chai';
import { parseConfig, problemsOf } from '../../src/config.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { issueTestCard } from '../support/authority.ts';
import { byteSequence, startCardService } from '../support/card-service.ts';
import { configurationFolder } from '../support/configuration.ts';
import { expectRefusal } from '../support/refusal.ts';

describe('S1: header mode does not start without a list of trusted peers', () => {
  const folder = configurationFolder();
  after(() => folder.remove());
  const configure = (header: unknown) => {
    const cardHost = { ...(folder.settings.cardHost as object), mode: 'header', header }; // a section
    return parseConfig({ ...folder.settings, cardHost }, folder.path);
  };

  it('with a list it does', () => {
    expect(configure({ preset: 'rfc9440', trustedPeers: ['10.0.0.5'] }).cardHost.mode).to.equal('header');
  });
  for (const [what, header] of Object.entries({
    'without its section': undefined,
    'without a list': { preset: 'rfc9440' },
    'with an empty list': { preset: 'rfc9440', trustedPeers: [] },
    'with a list that names everybody (IPv4)': { preset: 'rfc9440', trustedPeers: ['0.0.0.0/0'] },
    'with a list that names everybody (IPv6)': { preset: 'rfc9440', trustedPeers: ['::/0'] },
    'with a list that names everybody (IPv4 in IPv6)': { preset: 'rfc9440', trustedPeers: ['::ffff:10.0.0.0/8'] },
    'with a network whose prefix was forgotten': { preset: 'rfc9440', trustedPeers: ['10.0.0.0/'] },
  })) {
    it(`${what} it does not`, async () => {
      const error = await expectRefusal(() => configure(header), ConfigurationError, 'CONFIG_INVALID');
      const [problem] = problemsOf(error as ConfigurationError); // the line above is what says so
      expect(problem?.path).to.match(/^cardHost\.header/);
    });
  }
});

describe('S1: a valid certificate in a header', () => {
  for (const [peers, isListed] of [
    [['127.0.0.1'], true],
    [['10.0.0.5', '192.168.0.0/16'], false],
  ] as const) {
    it(`from a peer that is ${isListed ? '' : 'not '}listed ${isListed ? 'signs in' : 'is ignored, and on record'}`, async () => {
      const service = await startCardService('rfc9440', peers);
      after(() => service.dispose());
      const { certificate } = issueTestCard(service.authority.issuing);
      const presented = await service.present({
        'Client-Cert': byteSequence(certificate),
        // Nothing that the request says of its way makes it come from elsewhere.
        'X-Forwarded-For': '10.0.0.5',
        Forwarded: 'for=10.0.0.5',
      });
      const outcome = await service.presentations.collect(presented);
      const events = await service.events();
      if (isListed) expect(outcome).to.have.property('outcome', 'authenticated');
      else {
        expect(outcome).to.deep.equal({ outcome: 'refused', code: 'PROXY_NOT_TRUSTED' });
        expect(events).to.have.lengthOf(1);
        expect(events[0]).to.include({ type: 'citizen.refused', code: 'PROXY_NOT_TRUSTED' });
        expect(events[0]).to.not.have.property('certificateSha256');
      }
    });
  }
});
