import { expect } from 'chai';
import type { SignedInCitizen } from '../../src/citizen/citizen-record.ts';
import { APPROVABLE_CLAIMS, VERIFICATION_PARTS } from '../../src/oidc/claims.ts';
import { type Available, verifiedClaims } from '../../src/oidc/verified-claims.ts';
import { verifiedClaimsProblem } from '../../src/oidc/verified-claims-request.ts';
import { AMINA, SIGNED_IN_AT } from '../support/signed-in-citizen.ts';

type Changes = Readonly<Record<string, unknown>>;

const TIME = '2026-11-25T09:30:00Z';
const REQUESTED_AT = SIGNED_IN_AT + 600;
const NAME = { given_name: null };
const DOCUMENT = {
  type: 'document',
  document_details: {
    type: 'idcard',
    document_number: 'TH123456',
    date_of_expiry: '2031-05-04',
    issuer: { country_code: 'MAR', locality: 'Rabat' },
  },
};
const SIGNATURE = {
  type: 'electronic_signature',
  signature_type: 'client-certificate',
  issuer: 'CN=Test issuing CA,C=MA',
  serial_number: '0a1b2c',
  created_at: TIME,
};
const CERTIFICATE = { 'x5t#S256': Buffer.alloc(32, 0xab).toString('base64url') };
const REVOCATION = {
  revocation_details: {
    status: 'good',
    checked_at: TIME,
    source: 'http://pki.thiqa.example/issuing.crl',
    this_update: '2026-11-25T00:00:00.000Z',
    next_update: '2026-11-26T00:00:00.000Z',
    sha256: 'cd'.repeat(32),
  },
};

function answerTo(request: unknown, changes: Partial<Available> = {}): unknown {
  expect(verifiedClaimsProblem(request), 'the request is well-formed').to.equal(undefined);
  return verifiedClaims(request, {
    citizen: AMINA,
    signedInAt: SIGNED_IN_AT,
    allowed: APPROVABLE_CLAIMS,
    requestedAt: REQUESTED_AT,
    ...changes,
  });
}
const asking = (verification: Changes, claims: Changes = NAME) => ({
  verification: { trust_framework: null, ...verification },
  claims,
});
const verificationOf = (request: unknown, changes: Partial<Available> = {}): unknown =>
  (answerTo(request, changes) as { verification?: unknown } | undefined)?.verification;
const evidenceOf = (entries: readonly Changes[], changes: Partial<Available> = {}): unknown =>
  (verificationOf(asking({ evidence: entries }), changes) as { evidence?: unknown } | undefined)?.evidence;
const without = (...parts: readonly string[]) => ({
  allowed: APPROVABLE_CLAIMS.filter((claim) => !parts.includes(claim)),
});
const document = (details: unknown = null) => ({ type: { value: 'document' }, document_details: details });
const signature = (members: Changes = {}) => ({ type: { value: 'electronic_signature' }, ...members });

describe('OpenID Identity Assurance Schema Definition 1.0, 5: verified_claims', () => {
  it('hold what is asked for and no more', () => {
    expect(answerTo(asking({}))).to.deep.equal({
      verification: { trust_framework: 'thiqa_demonstration' },
      claims: { given_name: 'Amina' },
    });
    expect(verificationOf(asking({ assurance_level: null, time: null }))).to.deep.equal({
      trust_framework: 'thiqa_demonstration',
      assurance_level: 'substantial',
      time: TIME,
    });
  });

  it('hold claims of the person in the form that is asked for, each once it is there', () => {
    const claims = { 'given_name#ar': null, birthdate: {}, 'given_name#fr': null, email: null, constructor: null };
    expect(answerTo(asking({}, claims))).to.have.deep.property('claims', {
      'given_name#ar': 'أمينة',
      birthdate: '1990-02-28',
    });
  });

  it('hold the document, whole or by member', () => {
    expect(evidenceOf([document()])).to.deep.equal([DOCUMENT]);
    expect(evidenceOf([document({ document_number: null, issuer: { country_code: null } })])).to.deep.equal([
      {
        type: 'document',
        document_details: { type: 'idcard', document_number: 'TH123456', issuer: { country_code: 'MAR' } },
      },
    ]);
    expect(evidenceOf([{ type: { value: 'document' } }])).to.deep.equal([{ type: 'document' }]);
  });

  it('hold the signature of the card with the members that the schema demands, the others only when asked for', () => {
    const { created_at, ...required } = SIGNATURE;
    expect(evidenceOf([signature()])).to.deep.equal([required]);
    expect(evidenceOf([signature({ created_at: null })])).to.deep.equal([{ ...required, created_at }]);
    expect(evidenceOf([signature({ created_at: null, 'x5t#S256': null, revocation_details: null })])).to.deep.equal([
      { ...SIGNATURE, ...CERTIFICATE, ...REVOCATION },
    ]);
    expect(evidenceOf([signature({ revocation_details: { status: null, source: null } })])).to.deep.equal([
      { ...required, revocation_details: { status: 'good', source: REVOCATION.revocation_details.source } },
    ]);
  });

  it('hold each kind of evidence that one of the entries asks for', () => {
    expect(evidenceOf([document(), { type: { value: 'vouch' } }])).to.deep.equal([DOCUMENT]);
    expect(evidenceOf([signature({ created_at: null }), document()])).to.deep.equal([DOCUMENT, SIGNATURE]);
  });

  it('are several where several are asked for, and those alone that can be had (5.6)', () => {
    const birth = asking({}, { birthdate: null });
    const foreign = asking({ trust_framework: { value: 'de_aml' } });
    expect(answerTo([asking({}), birth]))
      .to.be.an('array')
      .with.lengthOf(2);
    expect(answerTo([foreign, birth])).to.have.deep.property('claims', { birthdate: '1990-02-28' });
    expect(answerTo([foreign])).to.equal(undefined);
  });
});

describe('OpenID Connect for Identity Assurance 1.0, 5.7: verified_claims that cannot be had are omitted', () => {
  const kept: Readonly<Record<string, Changes>> = {
    'the trust framework': { trust_framework: { value: 'thiqa_demonstration' } },
    'one of several': { trust_framework: { values: ['eidas', 'thiqa_demonstration'] } },
    'the level': { assurance_level: { value: 'substantial' } },
    'the age, to the second': { time: { max_age: 600 } },
    'the issuing state': { evidence: [document({ issuer: { country_code: { value: 'MAR' } } })] },
    'a document that is good to a day': { evidence: [document({ date_of_expiry: { max_age: 0 } })] },
    'a revocation status': { evidence: [signature({ revocation_details: { status: { value: 'good' } } })] },
    'a member that is not understood': { time: { max_age: 600, zone: 'UTC' }, unknown: 7 },
    'a member that nobody has, without a restriction': { verifier: { organization: null }, assurance_process: null },
  };
  for (const [what, verification] of Object.entries(kept)) {
    it(`not when ${what} is as the request restricts it`, () => {
      expect(answerTo(asking(verification))).to.have.deep.property('claims', { given_name: 'Amina' });
    });
  }

  const omitted: Readonly<Record<string, Changes>> = {
    'another trust framework': { trust_framework: { value: 'eidas' } },
    'none of several': { trust_framework: { values: ['eidas', 'de_aml'] } },
    'another level': { assurance_level: { value: 'high' } },
    'an age that is a second less': { time: { max_age: 599 } },
    'the age of what has none': { trust_framework: { max_age: 1e9 } },
    'another issuing state': { evidence: [document({ issuer: { country_code: { value: 'DZA' } } })] },
    'another type of document': { evidence: [document({ type: { values: ['passport'] } })] },
    'evidence that there is not': { evidence: [{ type: { value: 'vouch' } }] },
    'another revocation status': { evidence: [signature({ revocation_details: { status: { value: 'unknown' } } })] },
    'a member that nobody has': { verifier: { organization: { value: 'Somebody' } } },
    'a value deep in what nobody has': { assurance_process: { policy: [{ name: { values: ['x'] } }] } },
    'a value in a text': { time: { zone: { value: 'UTC' } } },
    'a value of a prototype': { constructor: { value: 'Object' } },
  };
  for (const [what, verification] of Object.entries(omitted)) {
    it(`as a whole where the verification is restricted to ${what}`, () => {
      expect(answerTo(asking(verification))).to.equal(undefined);
    });
  }

  it('a claim alone, where the claim is restricted; as a whole, where none is left', () => {
    const adult = { birthdate: { max_age: 63_072_000 }, given_name: { value: 'Fatima' }, gender: { value: 'female' } };
    expect(answerTo(asking({}, adult))).to.have.deep.property('claims', { gender: 'female' });
    expect(answerTo(asking({}, { given_name: { essential: true, values: ['Fatima'] } }))).to.equal(undefined);
    expect(answerTo(asking({}, { email: { essential: true } }))).to.equal(undefined);
  });

  it('as a whole, where no claim is asked for', () => {
    expect(answerTo({ ...asking({}), claims: null })).to.equal(undefined);
    expect(answerTo([])).to.equal(undefined);
  });

  it('as a whole, where a document that the card does not tell of is restricted; else without it', () => {
    const { document: _document, ...citizen } = AMINA;
    expect(answerTo(asking({ evidence: [document()] }), { citizen })).to.equal(undefined);
    expect(evidenceOf([document(), signature({ created_at: null })], { citizen })).to.deep.equal([SIGNATURE]);
  });

  it('as a whole, where the profile of the document names no trust framework', () => {
    const { trustFramework: _framework, ...evidence } = AMINA.evidence;
    expect(answerTo(asking({}), { citizen: { ...AMINA, evidence } })).to.equal(undefined);
  });

  it('say so where the revocation status is not known', () => {
    const citizen: SignedInCitizen = {
      ...AMINA,
      evidence: { ...AMINA.evidence, level: 'low', revocation: { status: 'unknown' } },
    };
    const request = asking({ assurance_level: null, evidence: [signature({ revocation_details: null })] });
    const verification = verificationOf(request, { citizen });
    expect(verification).to.include({ assurance_level: 'low' });
    expect(verification)
      .to.have.property('evidence')
      .that.has.deep.nested.property('[0].revocation_details', { status: 'unknown', checked_at: TIME });
  });
});

describe('verified_claims hold nothing that was not approved and consented', () => {
  const everything = asking(
    {
      assurance_level: null,
      time: null,
      evidence: [document(), signature({ 'x5t#S256': null, revocation_details: null })],
    },
    Object.fromEntries(APPROVABLE_CLAIMS.map((claim) => [claim, null])),
  );
  const SECRETS: Readonly<Record<(typeof VERIFICATION_PARTS)[number], string>> = {
    verified_claims: 'trust_framework',
    'verified_claims.document': '"document"',
    'verified_claims.electronic_signature': 'electronic_signature',
    'verified_claims.certificate': 'x5t#S256',
    'verified_claims.revocation': 'revocation_details',
  };

  for (const part of VERIFICATION_PARTS) {
    it(`of ${part}`, () => {
      expect(JSON.stringify(answerTo(everything))).to.include(SECRETS[part]);
      expect(JSON.stringify(answerTo(everything, without(part))) ?? '').to.not.include(SECRETS[part]);
    });
  }
  it('of a claim, nor anything where no claim is left', () => {
    expect(answerTo(everything, without('national_id')))
      .to.have.property('claims')
      .that.does.not.have.property('national_id');
    expect(answerTo(everything, { allowed: VERIFICATION_PARTS })).to.equal(undefined);
    expect(answerTo(everything, { allowed: [] })).to.equal(undefined);
  });
  it('and a restriction on it is not fulfilled: nobody finds out by trying', () => {
    for (const serial of ['0a1b2c', 'ffffff']) {
      const trying = asking({ evidence: [signature({ serial_number: { value: serial } })] });
      expect(answerTo(trying, without('verified_claims.electronic_signature')), serial).to.equal(undefined);
    }
    for (const hash of [CERTIFICATE['x5t#S256'], 'AAAA']) {
      const trying = asking({ evidence: [signature({ 'x5t#S256': { value: hash } })] });
      expect(answerTo(trying, without('verified_claims.certificate')), hash).to.equal(undefined);
    }
  });
});
