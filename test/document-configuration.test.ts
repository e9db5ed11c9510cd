import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse as parseYaml, stringify } from 'yaml';
import { recogniseDocument } from '../src/authentication/accepted-document.ts';
import {
  type ConfiguredDocument,
  documentSchema,
  readCertificateFile,
  readDocument,
} from '../src/document-configuration.ts';
import { CertificateError, IdentityError } from '../src/errors.ts';
import { readNationalIdentifier } from '../src/identity/national-identifier.ts';
import { readPerson } from '../src/identity/subject-attributes.ts';
import { parseCertificate } from '../src/pki/certificate.ts';
import { currentCrls, revocationSource } from './support/acceptance.ts';
import { AT, createTestAuthority, issueTestCard, pemOf } from './support/authority.ts';
import { type ConfigurationFolder, configurationFolder, keyOf } from './support/configuration.ts';
import { expectRefusal } from './support/refusal.ts';

type Settings = Readonly<Record<string, unknown>>;

let folder: ConfigurationFolder;
before(() => {
  folder = configurationFolder();
});
after(() => folder.remove());

/** The document, and what was reported of it. */
function read(changes: Settings = {}): { document: ConfiguredDocument; problems: { path: string; message: string }[] } {
  const problems: { path: string; message: string }[] = [];
  const entry = documentSchema.parse({ ...folder.document, ...changes });
  const document = readDocument(entry, folder.path, AT, (path, message) => problems.push({ path, message }));
  return { document, problems };
}

const pathsOf = (changes: Settings): readonly string[] => read(changes).problems.map(({ path }) => path);

const refuseEntry = (path: string, changes: Settings): void => {
  const parsed = documentSchema.safeParse({ ...folder.document, ...changes });
  expect(parsed.error?.issues.map((issue) => issue.path.join('.'))).to.deep.equal([path]);
};

describe('a document of the configuration', () => {
  it('is its profile, its anchors, its intermediates, its CRLs', () => {
    const { document, problems } = read();
    expect(problems).to.deep.equal([]);
    expect(document.profile).to.deep.include({ id: 'demonstration', country: 'MA', policies: ['2.999.504.10'] });
    expect(document.anchors.map(({ certificate }) => certificate.publicKey.keySha256)).to.deep.equal([
      keyOf(folder.authority.root.certificate),
    ]);
    expect(document.intermediates.map(({ der }) => Buffer.from(der))).to.deep.equal([
      folder.authority.issuing.certificate,
    ]);
    expect(document.crls).to.deep.equal([join(folder.path, 'root.crl'), 'https://crl.example.ma/issuing.crl']);
  });

  it('recognises a card, and reads the person that it names', () => {
    const { document } = read();
    const accepted = { ...document, revocation: revocationSource(...currentCrls(folder.authority)) };
    const card = parseCertificate(issueTestCard(folder.authority.issuing).certificate);
    const { path } = recogniseDocument(card, [accepted], AT);
    expect(readPerson(path, document.profile)).to.deep.include({
      nationalIdentifier: { country: 'MA', register: 'PNO', value: 'ZT123456' },
      givenName: [{ value: 'Amina' }, { value: 'أمينة', language: 'ar' }],
    });
  });

  it('may bring policies of its own, in place of those of the profile', () => {
    expect(read({ policies: ['2.999.1'] }).document.profile.policies).to.deep.equal(['2.999.1']);
  });

  it('needs an anchor, a CRL, and policies that are not an empty list', () => {
    refuseEntry('trustAnchors', { trustAnchors: [] });
    refuseEntry('crls', { crls: [] });
    refuseEntry('policies', { policies: [] });
  });

  it('needs no intermediates', () => {
    expect(read({ intermediates: undefined }).document.intermediates).to.deep.equal([]);
  });
});

describe('a trust anchor', () => {
  const anchor = (certificate: Uint8Array, keySha256: string): Settings => ({
    trustAnchors: [{ certificate: folder.write('anchor.pem', pemOf(certificate)), keySha256 }],
  });
  const messagesOf = (changes: Settings) => read(changes).problems.map(({ path, message }) => `${path} ${message}`);

  it('is pinned by its key: another CA of the same name is not it (S6)', () => {
    const { root } = createTestAuthority();
    const [message] = messagesOf(anchor(root.certificate, keyOf(folder.authority.root.certificate)));
    expect(message).to.match(/^trustAnchors\.0\.certificate TRUST_ANCHOR_KEY_MISMATCH: /);
  });
  it('is a CA: a card is none (S18)', () => {
    const card = issueTestCard(folder.authority.issuing).certificate;
    const [message] = messagesOf(anchor(card, keyOf(card)));
    expect(message).to.match(/^trustAnchors\.0\.certificate TRUST_ANCHOR_NOT_CA: /);
  });
  for (const pin of ['', 'A'.repeat(64), 'a'.repeat(63), 'a'.repeat(65), undefined]) {
    it(`may not be pinned to ${pin === undefined ? 'nothing' : JSON.stringify(pin.slice(0, 8))} of ${pin?.length ?? 0}`, () => {
      refuseEntry('trustAnchors.0.keySha256', { trustAnchors: [{ certificate: 'root.pem', keySha256: pin }] });
    });
  }
  it('whose file is absent, or no certificate, is a problem of that file', () => {
    const file = (certificate: string): Settings => ({
      trustAnchors: [{ certificate, keySha256: keyOf(folder.authority.root.certificate) }],
    });
    expect(messagesOf(file('absent.pem'))[0]).to.match(/^trustAnchors\.0\.certificate .*ENOENT$/);
    expect(messagesOf(file('profile.yaml'))[0]).to.match(/^trustAnchors\.0\.certificate CERT_MALFORMED: /);
  });
});

describe('the files of a document: every problem is told, and reading goes on', () => {
  it('intermediates', () => {
    expect(pathsOf({ intermediates: ['absent.pem', 'issuing.pem', 'profile.yaml'] })).to.deep.equal([
      'intermediates.0',
      'intermediates.2',
    ]);
  });

  it('CRLs: a file, http or https', () => {
    expect(
      read({ crls: ['a.crl', '/b/a.crl', 'http://a.example/a.crl', 'HTTPS://a.example/a.crl'] }).problems,
    ).to.deep.equal([]);
    for (const crl of [
      'ldap://a.example/cn=x',
      'file:///etc/passwd',
      'ftp://a.example/a.crl',
      'http://',
      'https://a b/',
    ]) {
      expect(pathsOf({ crls: ['a.crl', crl] }), crl).to.deep.equal(['crls.1']);
    }
  });

  it('all of them together', () => {
    expect(
      pathsOf({
        profile: 'absent.yaml',
        trustAnchors: [{ certificate: 'absent.pem', keySha256: 'a'.repeat(64) }],
        intermediates: ['absent.pem'],
        crls: ['ldap://a.example/'],
      }),
    ).to.have.members(['profile', 'trustAnchors.0.certificate', 'intermediates.0', 'crls.0']);
  });
});

describe('a profile', () => {
  const profile: Settings = parseYaml(
    readFileSync(new URL('../config/profiles/demonstration.yaml', import.meta.url), 'utf8'),
  );
  const attributes = profile.attributes as Readonly<Record<string, Settings>>; // as every profile
  const pathsWith = (changes: Settings): readonly string[] =>
    pathsOf({ profile: folder.write('changed.yaml', stringify({ ...profile, ...changes })) });
  const refuse = (path: string, changes: Settings) => () =>
    expect(pathsWith(changes)).to.deep.equal([path === '' ? 'profile' : `profile.${path}`]);
  const withAttribute = (name: string, changes: Settings): Settings => ({
    attributes: { ...attributes, [name]: { ...attributes[name], ...changes } },
  });

  it('as it is has no problem', () => expect(pathsWith({})).to.deep.equal([]));
  it('without policies accepts nothing', refuse('policies', { policies: [] }));
  it('without policies is accepted with those of the document', () => {
    const file = folder.write('changed.yaml', stringify({ ...profile, policies: [] }));
    expect(pathsOf({ profile: file, policies: ['2.999.1'] })).to.deep.equal([]);
  });
  for (const oid of ['2.999.', '3.1', '1', '1.02', 'clientAuth', '']) {
    it(`policies: ${JSON.stringify(oid)} is no object identifier`, refuse('policies.0', { policies: [oid] }));
  }
  it('requires a key usage', refuse('keyUsage.required', { keyUsage: { required: [] } }));
  it(
    'knows key usages by their names',
    refuse('keyUsage.required.0', { keyUsage: { required: ['DigitalSignature'] } }),
  );
  for (const country of ['ma', 'MAR', '', 'M1']) {
    it(`is of no country ${JSON.stringify(country)}`, refuse('country', { country }));
  }
  it(
    'says where the number stands',
    refuse('attributes.nationalIdentifier', { attributes: { ...attributes, nationalIdentifier: undefined } }),
  );
  it('says how names are read', refuse('attributes.familyName', { attributes: { ...attributes, familyName: [] } }));
  it(
    'its pattern is a regular expression',
    refuse('attributes.nationalIdentifier.pattern', withAttribute('nationalIdentifier', { pattern: '[' })),
  );
  it(
    'its methods are those of RFC 8176',
    refuse('assurance.methods.0', { assurance: { level: 'low', methods: ['magic'] } }),
  );
  it('its level is one of eIDAS', refuse('assurance.level', { assurance: { level: 'highest', methods: ['sc'] } }));
  for (const [path, changes] of [
    ['document.type', { type: 'library_card' }],
    ['document.issuingState', { issuingState: 'MA' }],
    ['document.number.oid', { number: { oid: 'x' } }],
    ['document.expiry', { expiry: 'never' }],
    ['document.placeOfIssue.oid', { placeOfIssue: {} }],
    ['document', { colour: 'green' }],
  ] as const) {
    const { document } = profile as { readonly document: Settings }; // as it stands in the file
    it(`says what its document is: not ${JSON.stringify(changes)}`, () =>
      refuse(path, { document: { ...document, ...changes } })());
  }
  it('need not say what its document is', () => expect(pathsWith({ document: undefined })).to.deep.equal([]));
  for (const trustFramework of ['', 'two words', 'é', 7]) {
    it(
      `its trust framework is a word: not ${JSON.stringify(trustFramework)}`,
      refuse('trustFramework', { trustFramework }),
    );
  }
  for (const language of ['ar', 'zgh-Tfng', 'fr-MA', 'ar-Arab-DZ']) {
    it(`its names may be tagged ${language}`, () =>
      expect(pathsWith({ attributes: { ...attributes, familyName: [{ oid: '2.5.4.4', language }] } })).to.deep.equal(
        [],
      ));
  }
  for (const language of ['arabic', 'AR', 'ar_MA', '']) {
    it(
      `its names are not tagged ${JSON.stringify(language)}`,
      refuse('attributes.familyName.0.language', {
        attributes: { ...attributes, familyName: [{ oid: '2.5.4.4', language }] },
      }),
    );
  }
  it('has no other setting', refuse('', { trustEverybody: true }));
  it('is a mapping', () => {
    for (const content of ['', 'text', '- a', '7']) {
      expect(pathsOf({ profile: folder.write('changed.yaml', content) }), content).to.deep.equal(['profile']);
    }
  });
  it('that is no YAML, or absent, is a problem of that file', () => {
    expect(pathsOf({ profile: folder.write('changed.yaml', 'id: [') })).to.deep.equal(['profile']);
    expect(pathsOf({ profile: 'absent.yaml' })).to.deep.equal(['profile']);
  });

  it('its pattern holds for the whole number, alternatives included', () => {
    const file = folder.write(
      'changed.yaml',
      stringify({ ...profile, ...withAttribute('nationalIdentifier', { pattern: 'A|B' }) }),
    );
    const { pattern } = read({ profile: file }).document.profile.nationalIdentifier.rule;
    for (const text of ['A', 'B']) expect(pattern.test(text), text).to.equal(true);
    for (const text of ['AB', 'xA', 'Bx', 'A\n', '']) expect(pattern.test(text), text).to.equal(false);
  });
});

describe('the profiles that we ship', () => {
  const files = readdirSync(new URL('../config/profiles/', import.meta.url));
  const shipped = (file: string): string => new URL(`../config/profiles/${file}`, import.meta.url).pathname;

  for (const file of files) {
    it(`${file} is well-formed, once the policy of its CA is known`, () => {
      expect(pathsOf({ profile: shipped(file), policies: ['2.999.1'] })).to.deep.equal([]);
    });
  }
  for (const file of ['ma-cnie.yaml', 'dz-cnibe.yaml']) {
    it(`${file} stops the start until then`, () => {
      expect(pathsOf({ profile: shipped(file) })).to.deep.equal(['profile.policies']);
    });
  }
  for (const [file, number, other] of [
    ['ee-test.yaml', 'PNOEE-38001085718', '38001085718'],
    ['fi-test.yaml', '99901112H', 'PNOFI-99901112H'],
    ['be-test.yaml', '01050399864', '0105039986'],
    ['dz-cnibe.yaml', '109850123456789012', '10985012345678901'],
  ] as const) {
    it(`${file} has the numbers of its state: ${number}, not ${other}`, () => {
      const { rule } = read({ profile: shipped(file), policies: ['2.999.1'] }).document.profile.nationalIdentifier;
      expect(readNationalIdentifier(number, rule).value).to.equal(number.replace('PNOEE-', ''));
      expect(() => readNationalIdentifier(other, rule)).to.throw(IdentityError);
    });
  }
  it('no two have one id', () => {
    const ids = files.map((file) => read({ profile: shipped(file), policies: ['2.999.1'] }).document.profile.id);
    expect(new Set(ids)).to.have.lengthOf(ids.length);
  });
});

describe('a certificate file', () => {
  const { certificate } = issueTestCard(createTestAuthority().issuing);
  const octetsOf = (content: string | Uint8Array): Buffer =>
    Buffer.from(readCertificateFile(join(folder.path, folder.write('one.crt', content))).der);

  it('is PEM or DER', () => {
    expect(octetsOf(pemOf(certificate)).equals(certificate)).to.equal(true);
    expect(octetsOf(certificate).equals(certificate)).to.equal(true);
  });
  it('may have text around its block, as OpenSSL writes it', () => {
    expect(octetsOf(`subject=CN = é\r\n${pemOf(certificate).replaceAll('\n', '\r\n')}`).equals(certificate)).to.equal(
      true,
    );
  });
  for (const [fault, content] of Object.entries({
    empty: '',
    'of another kind': pemOf(certificate, 'X509 CRL'),
    'cut off': certificate.subarray(0, -1),
    'with more behind it': Buffer.concat([certificate, Buffer.of(0)]),
    'of several': pemOf(certificate).repeat(2),
  })) {
    it(`${fault} is CERT_MALFORMED`, () => expectRefusal(() => octetsOf(content), CertificateError, 'CERT_MALFORMED'));
  }
});
