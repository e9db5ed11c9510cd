/**
 * Trust that changes while the service runs: an officer's commands are processes of their own, and a running service
 * follows them from the next authentication on.
 */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import { AuditLog } from '../../src/audit/audit-log.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { systemClock } from '../../src/clock.ts';
import type { SoftwareCard } from '../../src/demo/page-exchange.ts';
import { type SignInOutcome, signInWithCard } from '../../src/demo/sign-in.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { refreshTrust } from '../../src/trust/change-trust.ts';
import { createTestAuthority, daysFromAt, issueTestCard, issueTestCrl, pemOf } from '../support/authority.ts';
import { runCommand } from '../support/command.ts';
import { keyOf } from '../support/configuration.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { findProgram } from '../support/tools.ts';

const PROFILE = 'demonstration';

/** Another state's authority. Its cards are as good as those of the demonstration, but nobody here trusts it. */
const other = createTestAuthority();
const card = issueTestCard(other.issuing);
const anchorKey = keyOf(other.root.certificate);
const intermediateKey = keyOf(other.issuing.certificate);

describe('trust that changes while the service runs', function () {
  this.timeout(60_000);
  let service: TestService;
  let config: string;
  /** The configuration that the CRLs of both authorities stand in. */
  let settings: string;
  let root: string;
  let issuing: string;

  before(async () => {
    service = await startTestService();
    config = join(service.directory, 'thiqa.yaml');
    root = write('other-root.pem', pemOf(other.root.certificate));
    issuing = write('other-issuing.pem', pemOf(other.issuing.certificate));
    const dates = { thisUpdate: daysFromAt(-1), nextUpdate: daysFromAt(3000) };
    write('other-root.crl', issueTestCrl(other.root, dates));
    write('other-issuing.crl', issueTestCrl(other.issuing, dates));
  });
  after(() => service.dispose());

  const write = (name: string, content: string | Uint8Array): string => {
    const file = join(service.directory, name);
    writeFileSync(file, content);
    return file;
  };
  const thiqa = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await runCommand([...args, '--config', config]);
    return { code, output: stdout + stderr };
  };
  const signIn = (
    given: SoftwareCard = { certificatePem: pemOf(card.certificate), keyPem: keyPem() },
  ): Promise<SignInOutcome> => signInWithCard({ portal: service.portal, card: given, tlsRootPem: service.tlsRootPem });
  const trustEvents = async (): Promise<AuditEvent[]> =>
    (await service.auditRecords()).map(({ event }) => event).filter(({ type }) => type.startsWith('trust.'));
  const addBoth = async (): Promise<void> => {
    await thiqa('trust', 'add', root, '--profile', PROFILE, '--key-sha256', anchorKey);
    await thiqa('trust', 'add', issuing, '--profile', PROFILE, '--kind', 'intermediate');
  };
  const removeBoth = async (): Promise<void> => {
    await thiqa('trust', 'remove', anchorKey, '--profile', PROFILE);
    await thiqa('trust', 'remove', intermediateKey, '--profile', PROFILE);
  };
  /** What `trust refresh` does on a machine of the same service. */
  const refreshElsewhere = async (): Promise<void> => {
    const store = await service.openStore();
    await refreshTrust({ trust: store.trust, audit: new AuditLog(store.audit, systemClock) });
    await store.close();
  };
  /** The officer edits the one document of the configuration. */
  const configure = (change: (document: Record<string, string[]>) => void): void => {
    const settings = parse(readFileSync(config, 'utf8'));
    change(settings.documents[0]);
    writeFileSync(config, stringify(settings));
  };

  it('an unknown CA signs nobody in', async () => {
    expect(await signIn()).to.include({ code: 'CERT_ISSUER_UNKNOWN' });
  });

  it('a refresh makes the service read the documents of its configuration again, on record', async () => {
    configure((document) => document.crls?.push('other-root.crl', 'other-issuing.crl'));
    settings = readFileSync(config, 'utf8');
    expect(await thiqa('trust', 'refresh')).to.include({ code: 0 });
    expect(await signIn()).to.include({ code: 'CERT_ISSUER_UNKNOWN' });
    expect(await trustEvents()).to.deep.equal([{ type: 'trust.refreshed' }]);
  });

  it('a CA that is added by command signs in its cards from then on, without a restart', async () => {
    await addBoth();
    expect(await signIn()).to.have.nested.property('claims.family_name', 'El Mansouri');
    expect((await trustEvents()).slice(-2)).to.deep.equal([
      {
        type: 'trust.added',
        source: 'store',
        profile: PROFILE,
        kind: 'anchor',
        keySha256: anchorKey,
        certificateSha256: sha256Of(other.root.certificate),
      },
      {
        type: 'trust.added',
        source: 'store',
        profile: PROFILE,
        kind: 'intermediate',
        keySha256: intermediateKey,
        certificateSha256: sha256Of(other.issuing.certificate),
      },
    ]);
  });

  it('is listed beside those of the configuration', async () => {
    const { output } = await thiqa('trust', 'list');
    const listed = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(listed.map(({ kind, source }) => `${kind} ${source}`)).to.deep.equal([
      'anchor configuration',
      'intermediate configuration',
      'anchor store',
      'intermediate store',
    ]);
    expect(listed[2]).to.include({
      profile: PROFILE,
      key_sha256: anchorKey,
      subject: 'CN=Thiqa test root CA,O=Thiqa test,C=MA',
      not_after: daysFromAt(5000).toISOString(),
    });
    expect(listed[2].days_left).to.be.a('number').within(1, 5000);
  });

  it('a browser is offered the cards of the new CA', async function () {
    const names = await offeredNames(service.cardPort);
    if (names === undefined) this.skip(); // without openssl
    expect(names).to.include('Thiqa test root CA').and.to.include('Thiqa demonstration root CA');
  });

  it('the same addition again is refused', async () => {
    const again = await thiqa('trust', 'add', root, '--profile', PROFILE);
    expect(again.code).to.equal(2);
    expect(JSON.parse(again.output)).to.include({ code: 'TRUST_EXISTS' });
  });

  it('a CA that is removed signs nobody in from then on, on record', async () => {
    const removed = await thiqa('trust', 'remove', anchorKey, '--profile', PROFILE);
    expect(removed.code).to.equal(0);
    expect(await signIn()).to.include({ code: 'CERT_ISSUER_UNKNOWN' });
    expect((await trustEvents()).at(-1)).to.include({ type: 'trust.removed', keySha256: anchorKey });
    expect(await signIn(service.card('valid'))).to.have.property('claims');
    await thiqa('trust', 'remove', intermediateKey, '--profile', PROFILE);
    expect((await thiqa('trust', 'list')).output.trim().split('\n')).to.have.lengthOf(2);
  });

  it('a removed CA that is added again signs in again', async () => {
    await addBoth();
    expect(await signIn()).to.have.property('claims');
    await removeBoth();
    expect(await signIn()).to.include({ code: 'CERT_ISSUER_UNKNOWN' });
  });

  describe('refused, with nothing changed and nothing on record', () => {
    let events: number;
    beforeEach(async () => {
      writeFileSync(config, settings);
      events = (await trustEvents()).length;
    });
    afterEach(async () => {
      expect(await trustEvents()).to.have.lengthOf(events);
      expect(await signIn()).to.include({ code: 'CERT_ISSUER_UNKNOWN' });
    });
    const refuse = async (code: string, args: readonly string[]): Promise<string> => {
      const refused = await thiqa('trust', ...args);
      expect(refused.code).to.equal(2);
      expect(JSON.parse(refused.output)).to.include({ code });
      return refused.output;
    };

    it('a card as anchor (S18)', () =>
      refuse('TRUST_ANCHOR_NOT_CA', [
        'add',
        write('card.pem', pemOf(card.certificate)),
        '--profile',
        PROFILE,
        '--key-sha256',
        keyOf(card.certificate),
      ]));
    it('a card as intermediate', () =>
      refuse('TRUST_ANCHOR_NOT_CA', [
        'add',
        write('card.der', card.certificate),
        '--profile',
        PROFILE,
        '--kind',
        'intermediate',
      ]));
    it('another key than the one that is meant', () =>
      refuse('TRUST_ANCHOR_KEY_MISMATCH', ['add', root, '--profile', PROFILE, '--key-sha256', intermediateKey]));
    it('a document that the service does not accept', () =>
      refuse('TRUST_PROFILE_UNKNOWN', ['add', root, '--profile', 'no-such']));
    it('the removal of a key that nobody trusts', () =>
      refuse('TRUST_NOT_FOUND', ['remove', anchorKey, '--profile', PROFILE]));
    it('the removal of what the configuration trusts: it says where', async () => {
      const key = JSON.parse((await thiqa('trust', 'list')).output.split('\n')[0] ?? '').key_sha256;
      const output = await refuse('TRUST_CONFIGURED', ['remove', key, '--profile', PROFILE]);
      expect(JSON.parse(output).places).to.deep.equal(['documents.0.trustAnchors.0']);
    });
    it('a file that is no certificate', async () => {
      const refused = await thiqa('trust', 'add', write('noise.pem', 'noise'), '--profile', PROFILE);
      expect(refused.code).to.equal(1);
      expect(refused.output)
        .to.include('CERT_MALFORMED')
        .and.not.to.match(/\n\s+at /);
    });
  });

  it('what the configuration trusts no longer is trusted no longer after a refresh, on record', async () => {
    configure((document) => {
      document.trustAnchors = [
        { certificate: 'other-root.pem', keySha256: anchorKey } as unknown as string, // the entry's own form
      ];
      document.intermediates = ['other-issuing.pem'];
    });
    await thiqa('trust', 'refresh');
    expect(await signIn()).to.have.property('claims');
    expect(await signIn(service.card('valid'))).to.include({ code: 'CERT_ISSUER_UNKNOWN' });
    const changes = (await trustEvents()).slice(-4).map((event) => ({ ...event, certificateSha256: '' }));
    expect(changes.map(({ type }) => type)).to.deep.equal([
      'trust.added',
      'trust.added',
      'trust.removed',
      'trust.removed',
    ]);
    for (const change of changes) expect(change).to.include({ source: 'configuration', profile: PROFILE });
    writeFileSync(config, settings);
    await thiqa('trust', 'refresh');
    expect(await signIn(service.card('valid'))).to.have.property('claims');
    expect(await signIn()).to.include({ code: 'CERT_ISSUER_UNKNOWN' });
  });

  it('a configuration with problems changes nothing', async () => {
    configure((document) => {
      document.trustAnchors = [];
      document.crls = [];
    });
    // The command would refuse this configuration itself; another process of the service may have another file.
    expect(await thiqa('trust', 'refresh')).to.include({ code: 78 });
    await refreshElsewhere();
    expect(await signIn(service.card('valid'))).to.have.property('claims');
    expect(service.logText()).to.include('configuration-refused').and.to.include('documents.0.trustAnchors');
    expect(service.logText()).to.include('documents.0.crls');
  });

  it('no record and no line of the log names a person or holds a certificate', async () => {
    const text = service.logText() + JSON.stringify(await service.auditRecords());
    for (const secret of ['Mansouri', 'ZT123456', 'BEGIN', 'Thiqa test']) expect(text).not.to.include(secret);
  });
});

function keyPem(): string {
  return card.keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function sha256Of(certificate: Uint8Array): string {
  return parseCertificate(certificate).sha256;
}

/** What a handshake tells a browser of the cards that it may offer. */
function offeredNames(port: number): Promise<string> | undefined {
  const openssl = findProgram('openssl');
  if (openssl === undefined) return undefined;
  return new Promise((resolve) => {
    const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'a.card.localhost'];
    const child = execFile(openssl, args, (_error, stdout) => resolve(stdout));
    child.stdin?.end();
  });
}
