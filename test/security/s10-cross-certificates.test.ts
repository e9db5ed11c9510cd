import { expect } from 'chai';
import { generateKeys, type KeyType } from '../../src/demo/signing.ts';
import { CertificateError } from '../../src/errors.ts';
import { findValidPath } from '../../src/pki/path-validation.ts';
import { AT, createTestAuthority, daysFromAt, issueTestCa, issueTestCard } from '../support/authority.ts';
import { anchorOf, parse } from '../support/path.ts';

const MILLISECONDS = 200;
const SIZE = 20;

/** SIZE CAs that certify each other: all pairs for which `certifies` holds. */
function mesh(keyType: KeyType, certifies: (issuer: number, subject: number) => boolean) {
  const cas = Array.from({ length: SIZE }, (_, index) => {
    const subject = [{ type: 'commonName', value: `Thiqa test CA ${index}` }];
    const keys = generateKeys(keyType);
    return { subject, keys, itself: issueTestCa({ ...root, keys }, { subject, keys }) };
  });
  const links = cas.flatMap((issuer, from) =>
    cas.flatMap(({ subject, keys }, to) =>
      certifies(from, to) ? [issueTestCa(issuer.itself, { subject, keys })] : [],
    ),
  );
  return { cas, links };
}

const { root } = createTestAuthority();

/** The code of the answer, and how long it took. */
function ask(leaf: Uint8Array, intermediates: readonly { readonly certificate: Uint8Array }[]) {
  const certificate = parse({ certificate: leaf });
  const pool = intermediates.map(parse);
  const anchors = [anchorOf(root)];
  const start = performance.now();
  let code = 'valid';
  try {
    findValidPath(certificate, { at: AT, purpose: 'clientAuth', intermediates: pool, anchors });
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    code = error.code;
  }
  return { code, milliseconds: performance.now() - start };
}

describe('S10: loops of cross-certificates', () => {
  it(`a cycle of ${SIZE} without an anchor has an answer at once`, () => {
    const { cas, links } = mesh('P-256', (from, to) => (from + 1) % SIZE === to || (to + 1) % SIZE === from);
    const [first] = cas;
    if (!first) throw new TypeError('a mesh has a CA');
    const { code, milliseconds } = ask(issueTestCard(first.itself).certificate, links);
    expect(code).to.equal('CERT_ISSUER_UNKNOWN');
    expect(milliseconds).to.be.lessThan(MILLISECONDS);
  });

  it(`a cycle of ${SIZE} that leads to an anchor is found through`, () => {
    const { cas, links } = mesh('P-256', (from, to) => (from + 1) % SIZE === to || (to + 1) % SIZE === from);
    const [first] = cas;
    const last = cas[SIZE / 2];
    if (!first || !last) throw new TypeError('a mesh has CAs');
    const up = issueTestCa(root, { subject: last.subject, keys: last.keys });
    const { code, milliseconds } = ask(issueTestCard(first.itself).certificate, [...links, up]);
    expect(code).to.equal('valid');
    expect(milliseconds).to.be.lessThan(MILLISECONDS);
  });

  it('a mesh of all pairs all of whose paths are too long ends within its bounds', () => {
    const { cas, links } = mesh('P-384', (from, to) => from !== to);
    const [first] = cas;
    const last = cas[SIZE - 1];
    if (!first || !last) throw new TypeError('a mesh has CAs');
    // Of the ways out of the mesh each is refused for what lies below it, so none can be struck out.
    const up = issueTestCa(root, { subject: last.subject, keys: last.keys, pathLength: 0 });
    const { code, milliseconds } = ask(issueTestCard(first.itself).certificate, [...links, up]);
    expect(code).to.equal('CERT_PATH_SEARCH_EXCEEDED');
    expect(milliseconds).to.be.lessThan(MILLISECONDS);
  }).timeout(60_000);

  it('a mesh of all pairs, none of whose paths is valid, ends within its bounds', () => {
    const { cas, links } = mesh('P-384', (from, to) => from !== to);
    const [first] = cas;
    const last = cas[SIZE - 1];
    if (!first || !last) throw new TypeError('a mesh has CAs');
    // The only way out of the mesh has expired.
    const up = issueTestCa(root, { subject: last.subject, keys: last.keys, notAfter: daysFromAt(-1) });
    const { code, milliseconds } = ask(issueTestCard(first.itself).certificate, [...links, up]);
    expect(code).to.equal('CERT_EXPIRED');
    expect(milliseconds).to.be.lessThan(MILLISECONDS);
  }).timeout(60_000);
});
