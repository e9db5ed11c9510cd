import { expect } from 'chai';
import { ConfigurationError, ServiceError, type ThiqaError } from '../../src/errors.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { NO_EVIDENCE } from '../../src/pki/revocation.ts';
import {
  AcceptedDocuments,
  type AcceptedDocumentsParts,
  type LastingSource,
} from '../../src/trust/accepted-documents.ts';
import type { DocumentTrust } from '../../src/trust/document-trust.ts';
import type { TrustEntry } from '../../src/trust/trust-list.ts';
import { anchorOf } from '../support/acceptance.ts';
import { AT, createTestAuthority, issueTestCard } from '../support/authority.ts';
import { TEST_PROFILE } from '../support/document.ts';
import { memoryTrust, testAudit, testClock } from '../support/ports.ts';
import { expectRefusal } from '../support/refusal.ts';

const configured = createTestAuthority();
const other = createTestAuthority();
const keyOf = ({ certificate }: { readonly certificate: Uint8Array }): string =>
  parseCertificate(certificate).publicKey.keySha256;

function documentOf(authority: ReturnType<typeof createTestAuthority>, id = TEST_PROFILE.id): DocumentTrust {
  return {
    profile: { ...TEST_PROFILE, id },
    anchors: [anchorOf(authority.root)],
    intermediates: [parseCertificate(authority.issuing.certificate)],
  };
}

function entryOf(certificate: Uint8Array, changes: Partial<TrustEntry> = {}): TrustEntry {
  const { sha256: certificateSha256, publicKey } = parseCertificate(certificate);
  return {
    profile: TEST_PROFILE.id,
    kind: 'anchor',
    keySha256: publicKey.keySha256,
    certificateSha256,
    certificate,
    addedAt: AT,
    ...changes,
  };
}

class TestSource implements LastingSource<DocumentTrust> {
  readonly documents: DocumentTrust[];
  isClosed = false;

  constructor(document: DocumentTrust) {
    this.documents = [document];
  }
  async evidenceFor() {
    return NO_EVIDENCE;
  }
  adapt(document: DocumentTrust): void {
    this.documents.push(document);
  }
  close(): void {
    this.isClosed = true;
  }
}

/** @param shared what processes of one service share */
function setUp(
  changes: Partial<AcceptedDocumentsParts<DocumentTrust, TestSource>> = {},
  { audit, trust } = { audit: testAudit(), trust: memoryTrust() },
) {
  const opened: TestSource[] = [];
  const reports: string[] = [];
  let changed = 0;
  const documents = new AcceptedDocuments<DocumentTrust, TestSource>({
    trust,
    audit: audit.log,
    clock: () => AT,
    documents: [documentOf(configured)],
    pause: async () => undefined,
    openSource(document) {
      const source = new TestSource(document);
      opened.push(source);
      return source;
    },
    onChange: () => {
      changed++;
    },
    report: (event, error) => reports.push(`${event} ${(error as ThiqaError).code}`), // every error here has one
    ...changes,
  });
  const anchorKeys = async () =>
    (await documents.current()).map(({ anchors }) => anchors.map(({ certificate }) => certificate.publicKey.keySha256));
  return { audit, trust, documents, opened, reports, anchorKeys, timesChanged: () => changed };
}

describe('the accepted documents of a running process', () => {
  it('are those of the configuration and of the trust list', async () => {
    const { trust, documents, anchorKeys } = setUp();
    await trust.put(entryOf(other.root.certificate));
    await trust.put(entryOf(other.issuing.certificate, { kind: 'intermediate' }));
    expect(await anchorKeys()).to.deep.equal([[keyOf(configured.root), keyOf(other.root)]]);
    const [document] = await documents.current();
    expect(document?.intermediates.map(({ publicKey }) => publicKey.keySha256)).to.deep.equal([
      keyOf(configured.issuing),
      keyOf(other.issuing),
    ]);
  });

  it('follow each change of the list, and are the same ones between changes', async () => {
    const { trust, documents, anchorKeys, timesChanged } = setUp();
    expect(await anchorKeys()).to.deep.equal([[keyOf(configured.root)]]);
    const first = await documents.current();
    expect(await documents.current()).to.equal(first);
    expect(timesChanged()).to.equal(1);
    await trust.put(entryOf(other.root.certificate));
    expect(await anchorKeys()).to.deep.equal([[keyOf(configured.root), keyOf(other.root)]]);
    await trust.remove(entryOf(other.root.certificate));
    expect(await anchorKeys()).to.deep.equal([[keyOf(configured.root)]]);
    expect(timesChanged()).to.equal(3);
  });

  it('are read once for any number of authentications that notice a change together', async () => {
    const { trust, documents, timesChanged } = setUp();
    await documents.current();
    await trust.put(entryOf(other.root.certificate));
    const seen = await Promise.all(Array.from({ length: 20 }, () => documents.current()));
    expect(new Set(seen)).to.have.lengthOf(1);
    expect(timesChanged()).to.equal(2);
  });

  it('an entry is for its own profile only', async () => {
    const { trust, anchorKeys } = setUp({ documents: [documentOf(configured), documentOf(configured, 'passport')] });
    await trust.put(entryOf(other.root.certificate, { profile: 'passport' }));
    await trust.put(entryOf(other.issuing.certificate, { profile: 'left' }));
    expect(await anchorKeys()).to.deep.equal([[keyOf(configured.root)], [keyOf(configured.root), keyOf(other.root)]]);
  });

  it('an entry that is not what it says is not trusted, and is told of', async () => {
    const { trust, documents, anchorKeys, reports } = setUp();
    const card = issueTestCard(other.issuing).certificate;
    await trust.put(entryOf(other.root.certificate, { keySha256: keyOf(other.issuing) }));
    await trust.put(entryOf(card));
    await trust.put({ ...entryOf(other.issuing.certificate), certificate: Uint8Array.of(0x30, 0) });
    expect(await anchorKeys()).to.deep.equal([[keyOf(configured.root)]]);
    expect(reports).to.deep.equal([
      'trust-entry-damaged TRUST_ANCHOR_KEY_MISMATCH',
      'trust-entry-damaged TRUST_ANCHOR_NOT_CA',
      'trust-entry-damaged CERT_MALFORMED',
    ]);
    expect(documents.state.damaged).to.have.lengthOf(3);
  });

  it('are none when the store cannot say what is trusted, and are there again when it can', async () => {
    const { trust, documents, anchorKeys } = setUp();
    await documents.current();
    const { version } = trust;
    trust.version = () => Promise.reject(new ServiceError('STORE_UNAVAILABLE', 'no'));
    await expectRefusal(() => documents.current(), ServiceError, 'STORE_UNAVAILABLE');
    trust.version = version;
    expect(await anchorKeys()).to.have.lengthOf(1);
  });

  it('a change that cannot be read is tried again at the next authentication', async () => {
    const { trust, documents, anchorKeys } = setUp();
    await documents.current();
    await trust.put(entryOf(other.root.certificate));
    const { read } = trust;
    trust.read = () => Promise.reject(new ServiceError('STORE_UNAVAILABLE', 'no'));
    await expectRefusal(() => documents.current(), ServiceError, 'STORE_UNAVAILABLE');
    trust.read = read;
    expect(await anchorKeys()).to.deep.equal([[keyOf(configured.root), keyOf(other.root)]]);
  });
});

describe('the revocation source of a document', () => {
  it('stays through every change of trust, and learns of each', async () => {
    const { trust, documents, opened } = setUp();
    const [before] = await documents.current();
    await trust.put(entryOf(other.root.certificate));
    const [after] = await documents.current();
    expect(after?.revocation).to.equal(before?.revocation);
    expect(opened).to.have.lengthOf(1);
    expect(opened[0]?.documents.map(({ anchors }) => anchors.length)).to.deep.equal([1, 2]);
  });

  it('is closed when its document leaves the configuration, and those of the others stay', async () => {
    const both = [documentOf(configured, 'one'), documentOf(configured, 'two')];
    const { documents, opened } = setUp({ documents: both, readDocuments: () => both.slice(1) });
    await documents.current();
    await documents.reload();
    expect(opened.map(({ isClosed }) => isClosed)).to.deep.equal([true, false]);
    const [left] = await documents.current();
    expect(left?.revocation).to.equal(opened[1]);
  });

  it('of two documents of one profile are two', async () => {
    const { documents, opened } = setUp({ documents: [documentOf(configured), documentOf(other)] });
    await documents.current();
    await documents.reload();
    expect(opened).to.have.lengthOf(2);
    documents.close();
    expect(opened.every(({ isClosed }) => isClosed)).to.equal(true);
  });
});

describe('reading the configuration again', () => {
  it('happens when an officer asked for it, and not at a mere change of the list', async () => {
    let timesRead = 0;
    const { trust, documents } = setUp({
      readDocuments: () => {
        timesRead++;
        return [documentOf(configured)];
      },
    });
    await documents.current();
    await trust.put(entryOf(other.root.certificate));
    await documents.current();
    expect(timesRead).to.equal(0);
    await trust.refresh();
    await documents.current();
    await documents.current();
    expect(timesRead).to.equal(1);
    await documents.reload();
    expect(timesRead).to.equal(2);
  });

  it('takes the place of what was configured, on record first', async () => {
    const { audit, documents, anchorKeys } = setUp({ readDocuments: () => [documentOf(other)] });
    await documents.current();
    await documents.reload();
    expect(await anchorKeys()).to.deep.equal([[keyOf(other.root)]]);
    const events = audit.events().map((event) => ('kind' in event ? `${event.type} ${event.kind}` : event.type));
    expect(events).to.deep.equal([
      'trust.added anchor',
      'trust.added intermediate',
      'trust.removed anchor',
      'trust.removed intermediate',
    ]);
    for (const event of audit.events()) expect(event).to.include({ source: 'configuration' });
  });

  it('is one change for all processes that an officer asked: recorded once, and by nobody relied on before', async () => {
    const shared = { audit: testAudit(), trust: memoryTrust() };
    const processes = [1, 2, 3].map(() => setUp({ readDocuments: () => [documentOf(other)] }, shared));
    for (const { documents } of processes) await documents.current();
    for (const refresh of [1, 2]) {
      await shared.trust.refresh();
      await Promise.all(processes.map(({ documents }) => documents.current()));
      for (const { anchorKeys } of processes) expect(await anchorKeys()).to.deep.equal([[keyOf(other.root)]]);
      expect(shared.audit.events(), `refresh ${refresh}`).to.have.length(4);
    }
  });

  it('is recorded by each process that reads another configuration than the others', async () => {
    const shared = { audit: testAudit(), trust: memoryTrust() };
    const third = createTestAuthority();
    const processes = [other, third].map((authority) =>
      setUp({ readDocuments: () => [documentOf(authority)] }, shared),
    );
    for (const { documents } of processes) await documents.current();
    await shared.trust.refresh();
    for (const { documents } of processes) await documents.current();
    expect(shared.audit.events()).to.have.length(8);
  });

  it('waits while another process records it, and takes over from one that does not end', async () => {
    const shared = { audit: testAudit(), trust: memoryTrust() };
    const time = testClock();
    let pauses = 0;
    let change = '';
    const { trust } = shared;
    const held = {
      ...trust,
      read: () => trust.read(),
      claim: async (name: string, at: Date, until: Date) => {
        // The other process was first.
        if (change === '') await trust.claim(name, at, until);
        change = name;
        return trust.claim(name, at, until);
      },
    };
    const pause = async (): Promise<void> => {
      pauses++;
      expect(shared.audit.events()).to.deep.equal([]);
      time.advance(4000);
    };
    const { documents } = setUp(
      { trust: held, clock: time.clock, pause, readDocuments: () => [documentOf(other)] },
      shared,
    );
    await documents.current();
    await trust.refresh();
    await documents.current();
    expect(pauses).to.equal(3);
    expect(shared.audit.events()).to.have.length(4);
    expect(await trust.claim(change, time.clock(), time.clock())).to.equal('recorded');
  });

  it('that cannot be recorded is free for the next process to record', async () => {
    const trust = memoryTrust();
    const failing = setUp({ readDocuments: () => [documentOf(other)] }, { audit: testAudit(), trust });
    const next = setUp({ readDocuments: () => [documentOf(other)] }, { audit: testAudit(), trust });
    for (const { documents } of [failing, next]) await documents.current();
    await trust.refresh();
    failing.audit.fail();
    await failing.documents.current();
    expect(failing.reports).to.deep.equal(['configuration-refused AUDIT_UNAVAILABLE']);
    await next.documents.current();
    expect(next.audit.events()).to.have.length(4);
    expect(await next.anchorKeys()).to.deep.equal([[keyOf(other.root)]]);
  });

  it('that changes nothing is no event', async () => {
    const { audit, documents } = setUp({ readDocuments: () => [documentOf(configured)] });
    await documents.reload();
    expect(audit.events()).to.deep.equal([]);
  });

  it('that cannot be recorded changes nothing', async () => {
    const { audit, documents, anchorKeys, reports } = setUp({ readDocuments: () => [documentOf(other)] });
    await documents.current();
    audit.fail();
    await documents.reload();
    expect(await anchorKeys()).to.deep.equal([[keyOf(configured.root)]]);
    expect(reports).to.deep.equal(['configuration-refused AUDIT_UNAVAILABLE']);
  });

  it('with problems changes nothing, once for each request, until it is mended; the list is followed all the same', async () => {
    let isBroken = true;
    const { trust, documents, anchorKeys, reports } = setUp({
      readDocuments: () => {
        if (isBroken) throw new ConfigurationError('CONFIG_INVALID', 'problems');
        return [documentOf(configured)];
      },
    });
    await documents.current();
    await trust.put(entryOf(other.root.certificate));
    await trust.refresh();
    expect(await anchorKeys()).to.deep.equal([[keyOf(configured.root), keyOf(other.root)]]);
    await documents.current();
    expect(reports).to.deep.equal(['configuration-refused CONFIG_INVALID']);
    expect(documents.state.configurationRefused).to.deep.equal({ at: AT, code: 'CONFIG_INVALID' });
    isBroken = false;
    await documents.reload();
    expect(documents.state).not.to.have.property('configurationRefused');
  });
});
