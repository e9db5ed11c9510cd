import { expect } from 'chai';
import { LOCALES } from '../../src/http/localization.ts';
import { displayClaims } from '../../src/http/sign-in/claim-display.ts';
import { consentRows } from '../../src/http/sign-in/consent-rows.ts';
import { APPROVABLE_CLAIMS, VERIFICATION_PARTS } from '../../src/oidc/claims.ts';
import { AMINA, SIGNED_IN_AT } from '../support/signed-in-citizen.ts';

const rows = consentRows(AMINA, SIGNED_IN_AT, APPROVABLE_CLAIMS);
const textsOf = (name: string, from = rows) =>
  from.find((row) => row.name === name)?.values.map(({ value }) => value) ?? expect.fail(`no row ${name}`);

describe('the rows of the consent page', () => {
  it('are one for the subject, and one for each claim that is asked for', () => {
    expect(rows.map(({ name }) => name)).to.deep.equal(['sub', ...APPROVABLE_CLAIMS]);
    expect(consentRows(AMINA, SIGNED_IN_AT, ['gender']).map(({ name }) => name)).to.deep.equal(['sub', 'gender']);
  });

  it('show every value that goes out', () => {
    expect(textsOf('family_name')).to.deep.equal(['El Mansouri', 'المنصوري']);
    expect(textsOf('national_id')).to.deep.equal(['PNOMA-ZT123456']);
    for (const name of ['document_details', 'verified_claims.document']) {
      expect(textsOf(name)).to.deep.equal(['idcard', 'TH123456', '2031-05-04', 'MAR', 'Rabat']);
    }
    expect(textsOf('verified_claims')).to.deep.equal([
      'thiqa_demonstration',
      'substantial',
      new Date(SIGNED_IN_AT * 1000).toISOString(),
    ]);
    expect(textsOf('verified_claims.electronic_signature')).to.deep.equal(['CN=Test issuing CA,C=MA', '0a1b2c']);
    expect(textsOf('verified_claims.certificate')).to.deep.equal(['ab'.repeat(32)]);
    expect(textsOf('verified_claims.revocation')).to.deep.equal([
      'http://pki.thiqa.example/issuing.crl',
      '2026-11-25T00:00:00.000Z',
    ]);
  });

  it('have no value where nothing goes out', () => {
    const { document: _document, ...person } = AMINA;
    expect(textsOf('document_details', consentRows(person, SIGNED_IN_AT, ['document_details']))).to.deep.equal([]);
    const { trustFramework: _framework, ...evidence } = AMINA.evidence;
    for (const part of VERIFICATION_PARTS) {
      expect(textsOf(part, consentRows({ ...AMINA, evidence }, SIGNED_IN_AT, [part])), part).to.deep.equal([]);
    }
  });

  for (const locale of LOCALES) {
    it(`have words of their own in ${locale.language}`, () => {
      const displayed = displayClaims(rows, locale);
      const labels = displayed.map(({ label }) => label);
      expect(new Set(labels).size).to.equal(labels.length);
      for (const { claim, label, values } of displayed) {
        expect(label, claim).to.not.include(claim.includes('.') ? claim : '_');
        for (const { text } of values) expect(text).to.be.a('string').that.is.not.empty;
      }
      const [type, , expiry] = displayed.find(({ claim }) => claim === 'document_details')?.values ?? [];
      expect(type?.text).to.not.equal('idcard');
      expect(expiry?.text)
        .to.match(/2031|٢٠٣١/u)
        .and.not.include('2031-05-04');
    });
  }
});
