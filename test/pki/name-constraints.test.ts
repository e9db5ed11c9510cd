import { expect } from 'chai';
import { nameConstraints, subjectAlternativeName } from '../../src/demo/certificate-extensions.ts';
import type { NameTemplate } from '../../src/demo/distinguished-name.ts';
import type { GeneralNameTemplate } from '../../src/demo/general-name.ts';
import { constrain, UNCONSTRAINED, violatedConstraint } from '../../src/pki/name-constraints.ts';
import { createTestAuthority, issueTestCa, issueTestCard } from '../support/authority.ts';
import { parse } from '../support/path.ts';

const { root, issuing } = createTestAuthority();

interface Constraints {
  readonly permitted?: readonly GeneralNameTemplate[];
  readonly excluded?: readonly GeneralNameTemplate[];
}

/** Whether a certificate with these names is acceptable under CA certificates with these constraints. */
function accepts(names: readonly GeneralNameTemplate[], ...cas: readonly Constraints[]): boolean {
  const state = cas.reduce(
    (before, constraints) =>
      constrain(before, parse(issueTestCa(root, { extensions: { nc: nameConstraints(constraints) } }))),
    UNCONSTRAINED,
  );
  return (
    violatedConstraint(state, parse(issueTestCard(issuing, { extensions: { san: subjectAlternativeName(names) } }))) ===
    undefined
  );
}

const permits = (name: GeneralNameTemplate, subtree: GeneralNameTemplate): boolean =>
  accepts([name], { permitted: [subtree] });
const excludes = (name: GeneralNameTemplate, subtree: GeneralNameTemplate): boolean =>
  !accepts([name], { excluded: [subtree] });

describe('RFC 5280 4.2.1.10: name constraints', () => {
  describe('dNSName', () => {
    it('permits the name and what is below it', () => {
      for (const dns of ['example.ma', 'card.example.ma', 'A.B.EXAMPLE.MA'])
        expect(permits({ dns }, { dns: 'example.ma' }), dns).to.equal(true);
      for (const dns of ['notexample.ma', 'example.ma.evil', 'ma', ''])
        expect(permits({ dns }, { dns: 'example.ma' }), dns).to.equal(false);
    });

    it('excludes the same, and a wildcard that could stand for an excluded name', () => {
      expect(excludes({ dns: 'a.example.ma' }, { dns: 'example.ma' })).to.equal(true);
      expect(excludes({ dns: 'a.example.dz' }, { dns: 'example.ma' })).to.equal(false);
      expect(excludes({ dns: '*.example.ma' }, { dns: 'bar.example.ma' })).to.equal(true);
      expect(permits({ dns: '*.example.ma' }, { dns: 'bar.example.ma' })).to.equal(false);
      expect(permits({ dns: '*.example.ma' }, { dns: 'example.ma' })).to.equal(true);
    });

    it('reads the empty subtree as all names, and a leading dot as all names below', () => {
      expect(excludes({ dns: 'a.example' }, { dns: '' })).to.equal(true);
      expect(permits({ dns: 'a.example.ma' }, { dns: '.example.ma' })).to.equal(true);
      expect(permits({ dns: 'example.ma' }, { dns: '.example.ma' })).to.equal(false);
    });

    it('refuses every name under a subtree that is none', () => {
      expect(permits({ dns: 'a.example.ma' }, { dns: '*.example.ma' })).to.equal(false);
      expect(excludes({ dns: 'a.example.dz' }, { dns: '*.example.ma' })).to.equal(true);
    });
  });

  describe('rfc822Name', () => {
    it('is one mailbox, one host, or the hosts below a domain', () => {
      expect(permits({ email: 'a@example.ma' }, { email: 'a@EXAMPLE.ma' })).to.equal(true);
      expect(permits({ email: 'b@example.ma' }, { email: 'a@example.ma' })).to.equal(false);
      expect(permits({ email: 'A@example.ma' }, { email: 'a@example.ma' })).to.equal(false);
      expect(permits({ email: 'a@example.ma' }, { email: 'example.ma' })).to.equal(true);
      expect(permits({ email: 'a@mail.example.ma' }, { email: 'example.ma' })).to.equal(false);
      expect(permits({ email: 'a@mail.example.ma' }, { email: '.example.ma' })).to.equal(true);
      expect(permits({ email: 'a@example.ma' }, { email: '.example.ma' })).to.equal(false);
    });

    it('excludes another case of the same mailbox, which the host may take for the same', () => {
      expect(excludes({ email: 'A@example.ma' }, { email: 'a@example.ma' })).to.equal(true);
      expect(excludes({ email: 'b@example.ma' }, { email: 'a@example.ma' })).to.equal(false);
    });

    it('refuses what is no mailbox', () => {
      for (const email of ['a@b@example.ma', 'example.ma', '"a@b"@example.ma', '@example.ma']) {
        expect(permits({ email }, { email: 'example.ma' }), email).to.equal(false);
        expect(excludes({ email }, { email: 'example.dz' }), email).to.equal(true);
      }
    });

    it('is applied to emailAddress of the subject, when there is no subjectAltName', () => {
      const state = constrain(
        UNCONSTRAINED,
        parse(issueTestCa(root, { extensions: { nc: nameConstraints({ permitted: [{ email: 'example.ma' }] }) } })),
      );
      const subject = (value: string): NameTemplate => [{ type: 'emailAddress', value }];
      expect(violatedConstraint(state, parse(issueTestCard(issuing, { subject: subject('a@example.ma') })))).to.equal(
        undefined,
      );
      expect(violatedConstraint(state, parse(issueTestCard(issuing, { subject: subject('a@example.dz') })))).to.be.a(
        'string',
      );
    });
  });

  it('uniformResourceIdentifier: one host, or the hosts below a domain; a URI without a domain name is refused', () => {
    expect(permits({ uri: 'http://www.example.ma/x' }, { uri: 'www.example.ma' })).to.equal(true);
    expect(permits({ uri: 'https://u:p@WWW.example.ma:8443/?q' }, { uri: '.example.ma' })).to.equal(true);
    expect(permits({ uri: 'http://example.ma/' }, { uri: '.example.ma' })).to.equal(false);
    expect(permits({ uri: 'http://www.example.ma/' }, { uri: 'example.ma' })).to.equal(false);
    expect(permits({ uri: 'http://evil.dz/@www.example.ma' }, { uri: 'www.example.ma' })).to.equal(false);
    expect(excludes({ uri: 'http://a.example.dz/' }, { uri: '.example.ma' })).to.equal(false);
    for (const uri of ['urn:a:b', 'http://10.0.0.1/', 'http://[::1]/', 'http:///x']) {
      expect(excludes({ uri }, { uri: '.example.ma' }), uri).to.equal(true);
    }
  });

  it('iPAddress: by address and mask, each family for itself', () => {
    const net = { ip: [10, 1, 0, 0, 255, 255, 0, 0] };
    expect(permits({ ip: [10, 1, 255, 9] }, net)).to.equal(true);
    expect(permits({ ip: [10, 2, 0, 1] }, net)).to.equal(false);
    expect(permits({ ip: [10, 1, ...new Array<number>(14).fill(0)] }, net)).to.equal(false);
    expect(excludes({ ip: [10, 1, 0, 1] }, net)).to.equal(true);
    expect(excludes({ ip: [10, 1, 0, 1] }, { ip: [0, 0, 0, 0, 0, 0, 0, 0] })).to.equal(true);
  });

  it('directoryName: is applied to the subject and to subjectAltName', () => {
    const morocco: NameTemplate = [{ type: 'countryName', value: 'MA' }];
    const algeria: NameTemplate = [{ type: 'countryName', value: 'DZ' }];
    // The subject of a test card starts with C=MA.
    expect(permits({ dns: 'a.example' }, { directory: morocco })).to.equal(true);
    expect(permits({ dns: 'a.example' }, { directory: algeria })).to.equal(false);
    expect(permits({ directory: algeria }, { directory: morocco })).to.equal(false);
    expect(excludes({ directory: algeria }, { directory: algeria })).to.equal(true);
  });

  it('directoryName: an excluded name is not permitted for being written as a TeletexString', () => {
    const ministry = (value: string, encoding: 'utf8' | 'teletex' = 'teletex'): GeneralNameTemplate => ({
      directory: [{ type: 'organizationName', value, encoding }],
    });
    const excluded = ministry('Ministry', 'utf8');
    expect(excludes(ministry('MINISTRY'), excluded)).to.equal(true);
    expect(excludes(ministry('Ministry', 'utf8'), ministry('ministry'))).to.equal(true);
    // What octets outside ASCII mean in a TeletexString is not agreed: it might be any name.
    expect(excludes(ministry('Minist\u00e8re'), excluded)).to.equal(true);
    expect(excludes(ministry('Municipality'), excluded)).to.equal(false);
    expect(permits(ministry('Ministry'), excluded)).to.equal(false);
  });

  it('a name of another kind than the subtrees is free', () => {
    expect(permits({ dns: 'a.example' }, { email: 'example.ma' })).to.equal(true);
    expect(excludes({ dns: 'a.example' }, { ip: [10, 0, 0, 0, 255, 0, 0, 0] })).to.equal(false);
  });

  it('a name of a kind that is not processed is refused where subtrees of it stand, and free elsewhere', () => {
    // registeredID 2.999.1
    const registered = { der: Buffer.from('8803883701', 'hex') };
    expect(permits(registered, registered)).to.equal(false);
    expect(excludes(registered, registered)).to.equal(true);
    expect(permits(registered, { dns: 'example.ma' })).to.equal(true);
  });

  it('6.1.4 (g): permitted subtrees of two certificates hold together, excluded ones add up', () => {
    const wide = { permitted: [{ dns: 'ma' }] };
    const narrow = { permitted: [{ dns: 'example.ma' }] };
    expect(accepts([{ dns: 'a.example.ma' }], wide, narrow)).to.equal(true);
    expect(accepts([{ dns: 'a.other.ma' }], wide, narrow)).to.equal(false);
    expect(accepts([{ dns: 'a.example.ma' }], narrow, { excluded: [{ dns: 'a.example.ma' }] })).to.equal(false);
    expect(accepts([{ dns: 'b.example.ma' }], narrow, { excluded: [{ dns: 'a.example.ma' }] })).to.equal(true);
  });

  it('more comparisons than 2^20 are refused', () => {
    const names = Array.from({ length: 1024 }, (_, index) => ({ dns: `n${index}.ma` }));
    expect(
      accepts(names, { excluded: Array.from({ length: 1024 }, (_, index) => ({ dns: `x${index}.ma` })) }),
    ).to.equal(true);
    expect(
      accepts(names, { excluded: Array.from({ length: 1025 }, (_, index) => ({ dns: `x${index}.ma` })) }),
    ).to.equal(false);
  });
});
