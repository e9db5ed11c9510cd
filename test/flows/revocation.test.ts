/**
 * Revocation as a citizen meets it: the policy of the issuing CA, its CRLs and its OCSP responder over real HTTP, and the
 * whole service, whose configuration an operator changes while it runs.
 */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { AuditLog } from '../../src/audit/audit-log.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { systemClock } from '../../src/clock.ts';
import type { CertificationAuthority } from '../../src/demo/authority.ts';
import type { CardId } from '../../src/demo/card-catalogue.ts';
import { refreshCrls } from '../../src/demo/cards.ts';
import { writeWhole } from '../../src/demo/demonstration-files.ts';
import { type SignInOutcome, signInWithCard } from '../../src/demo/sign-in.ts';
import { readCertificateFile } from '../../src/document-configuration.ts';
import { refreshTrust } from '../../src/trust/change-trust.ts';
import { type CrlChanges, createTestAuthority, issueTestCrl } from '../support/authority.ts';
import { issueTestResponder, type OcspChanges } from '../support/ocsp.ts';
import { type LocalResponder, startResponder } from '../support/ocsp-responder.ts';
import { startTestService, type TestService } from '../support/service.ts';

type Settings = Readonly<Record<string, unknown>>;

const HOUR = 3_600_000;
const fromNow = (milliseconds: number): Date => new Date(Date.now() + milliseconds);
const TEMPORARILY = { status: 503, title: 'Temporarily unavailable' };

describe('revocation by the policy of the issuing CA', function () {
  this.timeout(60_000);
  let service: TestService;
  let responder: LocalResponder;
  let issuing: CertificationAuthority;
  /** As `thiqa demo` wrote it. */
  let original: string;
  /** Renewals of CRLs run when the test says so. */
  const renewals: (() => void)[] = [];
  let scheduled: () => void = () => undefined;

  before(async () => {
    service = await startTestService({
      schedule: (task) => {
        renewals.push(task);
        scheduled();
        return () => undefined;
      },
    });
    original = readFileSync(configFile(), 'utf8');
    const { certificatePath, keyPath } = service.demonstration.issuing;
    const certificate = readCertificateFile(certificatePath);
    const privateKey = createPrivateKey(readFileSync(keyPath));
    const keys = { privateKey, publicKey: createPublicKey(privateKey) };
    issuing = { name: Buffer.from(certificate.subject.der), keys, certificate: Buffer.from(certificate.der) };
    responder = await startResponder(issuing);
  });
  after(async () => {
    await responder.close();
    await service.dispose();
  });
  beforeEach(() => {
    responder.asked.length = 0;
    answer({});
  });
  afterEach(() => refreshCrls(service.directory, new Date()));

  const configFile = (): string => join(service.directory, 'thiqa.yaml');
  /** The responder answers `good`, from an hour ago to in an hour, unless changed. */
  const answer = (changes: OcspChanges): void => {
    responder.mood = { thisUpdate: fromNow(-HOUR), nextUpdate: fromNow(HOUR), ...changes };
  };
  const signIn = (id: CardId = 'valid'): Promise<SignInOutcome> =>
    signInWithCard({ portal: service.portal, card: service.card(id), tlsRootPem: service.tlsRootPem });
  const lastEvent = async (type: AuditEvent['type']): Promise<Settings> => {
    const event = (await service.auditRecords()).findLast(({ event }) => event.type === type)?.event;
    return event as unknown as Settings; // an event is an object of plain values
  };
  const rootCrl = (): string => service.demonstration.root.crlPath;
  const issuingCrl = (): string => service.demonstration.issuing.crlPath;
  /** A policy for the issuing CA, the CRLs that are configured, and a running service that has read both. */
  const configure = async (policy: Settings, crls: readonly string[], hosts = [responder.host]): Promise<void> => {
    const settings = parse(original);
    settings.documents[0].crls = crls;
    const { certificatePath } = service.demonstration.issuing;
    settings.documents[0].revocation = { issuers: [{ certificate: certificatePath, ...policy }] };
    settings.revocation = { allowedHosts: hosts, privateHosts: hosts };
    writeFileSync(configFile(), stringify(settings));
    const store = await service.openStore();
    await refreshTrust({ trust: store.trust, audit: new AuditLog(store.audit, systemClock) });
    await store.close();
  };
  const ocspOnly = (ocsp: Settings = {}): Promise<void> =>
    configure({ sources: ['ocsp'], ocsp: { responder: responder.url, ...ocsp } }, [rootCrl()]);
  const crlOf = (changes: CrlChanges): Buffer =>
    issueTestCrl(issuing, {
      number: Date.now(),
      thisUpdate: new Date(),
      nextUpdate: fromNow(HOUR),
      ...changes,
    });
  const serialOf = (id: CardId): Buffer => {
    const card = service.demonstration.cards.find((candidate) => candidate.id === id);
    return Buffer.from(readCertificateFile(card?.certificatePath ?? '').serialNumber, 'hex');
  };

  describe('an OCSP responder', () => {
    beforeEach(() => ocspOnly());

    it('that says good signs in, and the record says by which answer', async () => {
      expect(await signIn()).to.have.property('claims');
      expect(responder.asked).to.deep.equal([serialOf('valid').toString('hex')]);
      const { revocation } = await lastEvent('citizen.authenticated');
      expect(revocation).to.include({ status: 'good', source: responder.url });
      expect(revocation).to.have.all.keys('status', 'source', 'thisUpdate', 'nextUpdate', 'sha256');
    });

    it('is asked once until its next update, and again after it', async () => {
      answer({ nextUpdate: fromNow(60_000) });
      await signIn();
      await signIn();
      expect(responder.asked).to.have.length(1);
      service.advance(61);
      answer({ status: 'revoked' });
      expect(await signIn()).to.include({ code: 'CERT_REVOKED' });
      expect(responder.asked).to.have.length(2);
      service.advance(-61);
    });

    it('that says revoked, or on hold, refuses the card', async () => {
      answer({ status: 'revoked', reason: 'keyCompromise' });
      expect(await signIn()).to.include({ code: 'CERT_REVOKED', status: 403 });
      expect(await lastEvent('citizen.refused'))
        .to.have.property('revocation')
        .that.includes({ status: 'revoked', source: responder.url });
      await ocspOnly();
      answer({ status: 'revoked', reason: 'certificateHold' });
      expect(await signIn()).to.include({ code: 'CERT_ON_HOLD', status: 403 });
    });

    const strangers = createTestAuthority();
    const withoutAnswer: readonly (readonly [string, () => void, string])[] = [
      ['says unknown', () => answer({ status: 'unknown' }), 'REVOCATION_UNKNOWN'],
      ['answers with an error', () => answer({ responseStatus: 6 }), 'OCSP_NOT_SUCCESSFUL'],
      ['is past its next update', () => answer({ nextUpdate: fromNow(-60_000) }), 'OCSP_STALE'],
      ['never says how long it holds', () => answer({ nextUpdate: null }), 'OCSP_STALE'],
      ['replays an answer', () => answer({ nonce: Buffer.alloc(32, 1) }), 'OCSP_NONCE_MISMATCH'],
      [
        'is a stranger',
        () => {
          const { signer, certificate } = issueTestResponder(strangers.issuing, { notAfter: fromNow(HOUR) });
          answer({ signer, certificates: [certificate] });
        },
        'OCSP_SIGNATURE_INVALID',
      ],
    ];
    for (const [what, set, code] of withoutAnswer) {
      it(`that ${what}: temporarily unavailable, never revoked`, async () => {
        set();
        expect(await signIn()).to.deep.equal({ code, ...TEMPORARILY });
        expect(await lastEvent('citizen.refused')).to.have.nested.property('revocation.status', 'unknown');
        // Nothing of it is kept.
        answer({});
        expect(await signIn()).to.have.property('claims');
      });
    }

    it('that is down: temporarily unavailable, and asked again after a pause', async () => {
      responder.mood = 'down';
      expect(await signIn()).to.deep.equal({ code: 'REVOCATION_UNAVAILABLE', ...TEMPORARILY });
      expect(await lastEvent('citizen.refused')).to.have.nested.property('revocation.status', 'unknown');
      answer({});
      service.advance(10);
      expect(await signIn()).to.have.property('claims');
      service.advance(-10);
    });

    it('that is silent delays one sign-in until the time-out, and none in the pause that follows', async () => {
      await ocspOnly({ timeoutSeconds: 1 });
      responder.mood = 'silent';
      expect(await signIn()).to.include({ code: 'REVOCATION_UNAVAILABLE', ...TEMPORARILY });
      expect(await signIn('renewed')).to.include({ code: 'REVOCATION_UNAVAILABLE', ...TEMPORARILY });
      expect(responder.asked).to.deep.equal([serialOf('valid').toString('hex')]);
    });

    it('is not asked about a card whose path is not valid', async () => {
      expect(await signIn('expired')).to.include({ code: 'CERT_EXPIRED' });
      expect(await signIn('unknown-ca')).to.include({ code: 'CERT_ISSUER_UNKNOWN' });
      expect(responder.asked).to.deep.equal([]);
    });

    it('is not asked at a host that is not allowed', async () => {
      await configure({ sources: ['ocsp'], ocsp: { responder: responder.url } }, [rootCrl()], []);
      expect(await signIn()).to.include({ code: 'REVOCATION_UNAVAILABLE', ...TEMPORARILY });
      expect(responder.asked).to.deep.equal([]);
    });
  });

  describe('first the CRL, then the responder', () => {
    beforeEach(() =>
      configure({ sources: ['crl', 'ocsp'], ocsp: { responder: responder.url } }, [rootCrl(), issuingCrl()]),
    );

    it('asks nobody while the CRL knows', async () => {
      expect(await signIn()).to.have.property('claims');
      expect(await signIn('revoked')).to.include({ code: 'CERT_REVOKED' });
      expect(responder.asked).to.deep.equal([]);
    });

    it('asks the responder when the CRL is past its next update', async () => {
      await writeWhole(issuingCrl(), crlOf({ nextUpdate: fromNow(-1000) }));
      expect(await signIn()).to.have.property('claims');
      expect(await lastEvent('citizen.authenticated')).to.have.nested.property('revocation.source', responder.url);
      responder.mood = 'down';
      expect(await signIn('renewed')).to.include({ code: 'REVOCATION_STALE', ...TEMPORARILY });
    });

    it('asks nobody when only the CRL is listed', async () => {
      await configure({}, [rootCrl(), issuingCrl()]);
      await writeWhole(issuingCrl(), crlOf({ nextUpdate: fromNow(-1000) }));
      expect(await signIn()).to.include({ code: 'REVOCATION_STALE', ...TEMPORARILY });
      expect(responder.asked).to.deep.equal([]);
    });
  });

  describe('first the responder, then the CRL', () => {
    beforeEach(() =>
      configure({ sources: ['ocsp', 'crl'], ocsp: { responder: responder.url } }, [rootCrl(), issuingCrl()]),
    );

    it('falls back on the CRL when the responder is down', async () => {
      responder.mood = 'down';
      expect(await signIn()).to.have.property('claims');
      expect(await lastEvent('citizen.authenticated')).to.have.nested.property('revocation.source', issuingCrl());
      expect(await signIn('revoked')).to.include({ code: 'CERT_REVOKED' });
    });

    it('refuses a card that the CRL lists, whatever the responder says', async () => {
      expect(await signIn('revoked')).to.include({ code: 'CERT_REVOKED' });
    });

    it('refuses a card that the responder does not know, whatever the CRL says', async () => {
      answer({ status: 'unknown' });
      expect(await signIn()).to.include({ code: 'REVOCATION_UNKNOWN', ...TEMPORARILY });
    });
  });

  describe('an exception for the cards of one CA', () => {
    const until = (): string => fromNow(24 * HOUR).toISOString();
    const excepted = (crls: readonly string[]): Promise<void> =>
      configure({ exception: { until: until(), reason: 'The CA has announced a failure.' } }, crls);

    it('lets an unknown status pass, on record', async () => {
      await configure({}, [rootCrl()]);
      expect(await signIn()).to.include({ code: 'REVOCATION_UNKNOWN', ...TEMPORARILY });
      await excepted([rootCrl()]);
      expect(await signIn()).to.have.nested.property('claims.acr', 'http://eidas.europa.eu/LoA/low');
      expect(await lastEvent('citizen.authenticated'))
        .to.have.property('revocation')
        .that.deep.equals({ status: 'unknown', source: 'none', code: 'REVOCATION_UNKNOWN', exception: true });
    });

    it('ends by itself', async () => {
      await excepted([rootCrl()]);
      service.advance(24 * 3600);
      expect(await signIn()).to.include({ code: 'REVOCATION_UNKNOWN', ...TEMPORARILY });
      service.advance(-24 * 3600);
    });

    it('is no use for a revoked card', async () => {
      await excepted([rootCrl(), issuingCrl()]);
      expect(await signIn('revoked')).to.include({ code: 'CERT_REVOKED' });
      expect(await signIn('suspended')).to.include({ code: 'CERT_ON_HOLD' });
    });

    it('is no use for a card that the last CRL lists, even past its next update', async () => {
      await excepted([rootCrl(), issuingCrl()]);
      await writeWhole(
        issuingCrl(),
        crlOf({ nextUpdate: fromNow(-1000), revoked: [{ serialNumber: serialOf('revoked') }] }),
      );
      expect(await signIn()).to.have.property('claims');
      expect(await signIn('revoked')).to.include({ code: 'REVOCATION_STALE', ...TEMPORARILY });
    });

    it('does not cover the CA itself', async () => {
      await excepted([issuingCrl()]);
      expect(await signIn()).to.include({ code: 'REVOCATION_UNKNOWN', ...TEMPORARILY });
    });

    it('of more than seven days is refused, and what was in force stays', async () => {
      await configure({}, [rootCrl()]);
      await configure({ exception: { until: fromNow(8 * 24 * HOUR).toISOString(), reason: 'x' } }, [rootCrl()]);
      expect(await signIn()).to.include({ code: 'REVOCATION_UNKNOWN', ...TEMPORARILY });
      expect(service.logText()).to.include('configuration-refused');
    });
  });

  describe('a CRL', () => {
    beforeEach(() => configure({}, [rootCrl(), issuingCrl()]));

    it('in a file that lists the card from now on refuses it at once', async () => {
      expect(await signIn()).to.have.property('claims');
      await writeWhole(issuingCrl(), crlOf({ revoked: [{ serialNumber: serialOf('valid') }] }));
      expect(await signIn()).to.include({ code: 'CERT_REVOKED', status: 403 });
    });

    it('past its next update: temporarily unavailable, even for a card that it lists', async () => {
      await writeWhole(
        issuingCrl(),
        crlOf({ nextUpdate: fromNow(-1000), revoked: [{ serialNumber: serialOf('valid') }] }),
      );
      expect(await signIn()).to.deep.equal({ code: 'REVOCATION_STALE', ...TEMPORARILY });
    });

    it('older than the policy allows: temporarily unavailable', async () => {
      await configure({ maxAgeSeconds: 60 }, [rootCrl(), issuingCrl()]);
      await writeWhole(issuingCrl(), crlOf({}));
      expect(await signIn()).to.have.property('claims');
      service.advance(120);
      expect(await signIn()).to.include({ code: 'REVOCATION_STALE', ...TEMPORARILY });
      service.advance(-120);
    });

    it('that is broken from the start: temporarily unavailable', async () => {
      const broken = join(service.directory, 'broken.crl');
      writeFileSync(broken, crlOf({}).subarray(0, -1));
      await configure({}, [rootCrl(), broken]);
      expect(await signIn()).to.deep.equal({ code: 'CRL_MALFORMED', ...TEMPORARILY });
    });
  });

  describe('a CRL at an address', () => {
    let server: Server;
    let served: Buffer;
    let host = '';

    before(async () => {
      server = createServer((_request, response) => void response.end(served));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      host = `127.0.0.1:${(server.address() as AddressInfo).port}`; // a TCP server's address is an object
    });
    after(() => void server.close());

    it('that lists the card from now on refuses it after the next renewal', async () => {
      served = crlOf({});
      renewals.length = 0;
      const first = new Promise<void>((resolve) => (scheduled = resolve));
      await configure({}, [rootCrl(), `http://${host}/issuing.crl`], [host]);
      expect(await signIn()).to.have.property('claims');
      await first;
      served = crlOf({ revoked: [{ serialNumber: serialOf('valid') }] });
      expect(await signIn()).to.have.property('claims');
      const second = new Promise<void>((resolve) => (scheduled = resolve));
      for (const renew of renewals.splice(0)) renew();
      await second;
      expect(await signIn()).to.include({ code: 'CERT_REVOKED' });
    });
  });
});
