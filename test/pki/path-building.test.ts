import { expect } from 'chai';
import { nameConstraints, subjectKeyIdentifier } from '../../src/demo/certificate-extensions.ts';
import { generateKeys } from '../../src/demo/signing.ts';
import { CertificateError } from '../../src/errors.ts';
import { findValidPath } from '../../src/pki/path-validation.ts';
import {
  AT,
  createTestAuthority,
  daysFromAt,
  issueTestCa,
  issueTestCard,
  issueTestRoot,
} from '../support/authority.ts';
import { anchorOf, expectClause, findPath, parse } from '../support/path.ts';
import { expectRefusal } from '../support/refusal.ts';

const { root, issuing } = createTestAuthority();
const stranger = createTestAuthority();
const card = issueTestCard(issuing);
const UPPER = [{ type: 'commonName', value: 'Thiqa test upper CA' }];

const common = { at: AT, purpose: 'clientAuth' } as const;

describe('RFC 4158: path building', () => {
  it('takes the intermediates in any order, more than once, and with others among them', () => {
    const upper = issueTestCa(root, { subject: UPPER });
    const lower = issueTestCa(upper);
    const pool = [stranger.issuing, lower, lower, issuing, upper].map(parse);
    const leaf = parse(issueTestCard(lower));
    for (const intermediates of [pool, pool.toReversed()]) {
      const path = findValidPath(leaf, { ...common, intermediates, anchors: [anchorOf(root)] });
      expect(path.certificates.map(({ sha256 }) => sha256)).to.deep.equal(
        [leaf, parse(lower), parse(upper)].map(({ sha256 }) => sha256),
      );
    }
  });

  it('finds the one of several CAs of one name that signed', () => {
    const path = findValidPath(parse(card), {
      ...common,
      intermediates: [stranger.issuing, issueTestCa(root), issuing].map(parse),
      anchors: [anchorOf(stranger.root), anchorOf(root)],
    });
    expect(path.certificates[1]?.sha256).to.equal(parse(issuing).sha256);
  });

  it('tells a path that is longer than any it looks for from one that leads nowhere', async () => {
    const row = (length: number) => {
      const cas = [root as typeof root];
      for (let index = 0; index < length; index += 1) {
        cas.unshift(issueTestCa(cas[0] ?? root, { subject: [{ type: 'commonName', value: `CA ${index}` }] }));
      }
      return [issueTestCard(cas[0] ?? root), ...cas];
    };
    expect(findPath(row(31)).certificates).to.have.lengthOf(32);
    await expectClause(() => findPath(row(32)), 'CERT_PATH_SEARCH_EXCEEDED', '6.1');
    await expectClause(() => findPath([...row(3).slice(0, -1), stranger.root]), 'CERT_ISSUER_UNKNOWN', '6.1');
  });

  it('3.5.12: takes key identifiers for hints only', () => {
    const misleading = subjectKeyIdentifier(generateKeys().publicKey);
    const ca = issueTestCa(root, { extensions: { subjectKeyIdentifier: misleading } });
    expect(findPath([issueTestCard(ca), ca, root]).certificates).to.have.lengthOf(2);
  });

  it('goes another way when the first fails: an expired certificate of the same CA', () => {
    const keys = generateKeys();
    const old = issueTestCa(root, { keys, notAfter: daysFromAt(-1) });
    const renewed = issueTestCa(root, { keys });
    for (const pool of [
      [old, renewed],
      [renewed, old],
    ]) {
      const path = findPath([issueTestCard(renewed), ...pool, root]);
      expect(path.certificates[1]?.sha256).to.equal(parse(renewed).sha256);
    }
  });

  it('goes another way when the first fails: constraints on one of two cross-certificates', () => {
    const keys = generateKeys();
    const nc = nameConstraints({ excluded: [{ directory: [{ type: 'countryName', value: 'MA' }] }] });
    const other = issueTestRoot({ subject: UPPER });
    const constrained = issueTestCa(root, { keys, extensions: { nc } });
    const free = issueTestCa(other, { keys });
    for (const pool of [
      [constrained, free],
      [free, constrained],
    ]) {
      const path = findValidPath(parse(issueTestCard(free)), {
        ...common,
        intermediates: pool.map(parse),
        anchors: [anchorOf(root), anchorOf(other)],
      });
      expect(path.anchor.certificate.sha256).to.equal(parse(other).sha256);
    }
  });

  it('follows a key rollover: self-issued link certificates with another key', () => {
    const newKeys = generateKeys();
    const newRoot = issueTestRoot({ keys: newKeys });
    const link = issueTestCa(root, { subject: root.name, keys: newKeys });
    const ca = issueTestCa(newRoot);
    const leaf = issueTestCard(ca);
    const path = findPath([leaf, ca, link, root]);
    expect(path.certificates).to.have.lengthOf(3);
    expect(findPath([leaf, ca, link, newRoot]).certificates).to.have.lengthOf(2);
  });

  it('S18: never takes an end entity for an issuer', async () => {
    const below = issueTestCard({ ...issuing, ...card, name: Buffer.from(parse(card).subject.der) });
    await expectClause(() => findPath([below, card, issuing, root]), 'CERT_NOT_CA', '6.1.4 (k)', 1);
  });

  it('does not take an anchor for a path to itself', async () => {
    const anchors = [anchorOf(root)];
    const step = () => findValidPath(parse(root), { ...common, intermediates: [], anchors });
    await expectRefusal(step, CertificateError, 'CERT_ISSUER_UNKNOWN');
  });

  describe('tells the most telling error', () => {
    it('an issuer that nobody knows', async () => {
      const step = () => findPath([card, stranger.root]);
      await expectRefusal(step, CertificateError, 'CERT_ISSUER_UNKNOWN');
      const none = () => findValidPath(parse(card), { ...common, intermediates: [], anchors: [] });
      await expectRefusal(none, CertificateError, 'CERT_ISSUER_UNKNOWN');
    });

    it('an expired card, although other paths end elsewhere', async () => {
      const expired = issueTestCard(issuing, { notAfter: daysFromAt(-1) });
      const step = () =>
        findValidPath(parse(expired), {
          ...common,
          intermediates: [stranger.issuing, issuing].map(parse),
          anchors: [anchorOf(stranger.root), anchorOf(root)],
        });
      await expectClause(step, 'CERT_EXPIRED', '6.1.3 (a)(2)', 0);
    });
  });
});
