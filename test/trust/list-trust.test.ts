import { expect } from 'chai';
import type { NameTemplate } from '../../src/demo/distinguished-name.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { nameText } from '../../src/pki/name-text.ts';
import { addTrust } from '../../src/trust/change-trust.ts';
import { listTrust } from '../../src/trust/list-trust.ts';
import { anchorOf } from '../support/acceptance.ts';
import { AT, createTestAuthority, daysFromAt, issueTestRoot } from '../support/authority.ts';
import { TEST_PROFILE } from '../support/document.ts';
import { memoryTrust, testAudit } from '../support/ports.ts';

const { root, issuing } = createTestAuthority();
const documents = [
  { profile: TEST_PROFILE, anchors: [anchorOf(root)], intermediates: [parseCertificate(issuing.certificate)] },
];
const profile = TEST_PROFILE.id;

describe('the list of what is trusted', () => {
  it('has the certificates of the configuration, then those of the trust list, each with its life', async () => {
    const trust = memoryTrust();
    const added = parseCertificate(issueTestRoot({ notAfter: new Date(daysFromAt(10).getTime() - 1) }).certificate);
    const ports = { documents, trust, audit: testAudit().log, clock: () => AT };
    await addTrust({ certificate: added, profile, kind: 'anchor' }, ports);
    const listed = await listTrust(documents, trust, AT);
    expect(listed.map(({ source, kind }) => `${source} ${kind}`)).to.deep.equal([
      'configuration anchor',
      'configuration intermediate',
      'store anchor',
    ]);
    expect(listed[2]).to.deep.include({
      profile,
      keySha256: added.publicKey.keySha256,
      addedAt: AT,
      life: {
        subject: 'CN=Thiqa test root CA,O=Thiqa test,C=MA',
        notBefore: added.notBefore,
        notAfter: added.notAfter,
        daysLeft: 9,
      },
    });
  });

  it('says why an entry is trusted for nothing', async () => {
    const trust = memoryTrust();
    const entry = { profile, kind: 'anchor', keySha256: 'k', certificateSha256: 'c', addedAt: AT } as const;
    trust.entries = [
      { ...entry, certificate: Uint8Array.of(0x30) },
      { ...entry, profile: 'left', certificate: root.certificate },
    ];
    const notes = (await listTrust([], trust, AT)).map(({ note }) => note);
    expect(notes[0]).to.include('CERT_MALFORMED');
    expect(notes[1]).to.include('no document');
  });
});

describe('a name as text, RFC 4514', () => {
  const text = (subject: NameTemplate): string =>
    nameText(parseCertificate(issueTestRoot({ subject }).certificate).subject);

  it('has the most specific part first, and several attributes of one part joined', () => {
    expect(
      text([
        { type: 'countryName', value: 'MA' },
        [
          { type: 'organizationName', value: 'Civil registry' },
          { type: 'commonName', value: 'Root' },
        ],
      ]),
    ).to.match(/^(O=Civil registry\+CN=Root|CN=Root\+O=Civil registry),C=MA$/);
  });
  it('escapes what could look like another part', () => {
    expect(text([{ type: 'commonName', value: ' A, O=B+C="D"\\ ' }])).to.equal('CN=\\ A\\, O\\=B\\+C\\=\\"D\\"\\\\\\ ');
  });
  it('escapes what could rearrange a line', () => {
    expect(text([{ type: 'commonName', value: 'A\u202eB\u0007' }])).to.equal('CN=A\\e2\\80\\aeB\\07');
  });
});
