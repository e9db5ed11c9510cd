import { expect } from 'chai';
import { elementsOf, verifiedClaimsProblem } from '../../src/oidc/verified-claims-request.ts';

type Changes = Readonly<Record<string, unknown>>;

const element = (verification: Changes = {}, claims: unknown = { given_name: null }) => ({
  verification: { trust_framework: null, ...verification },
  claims,
});
const evidence = (entry: Changes) => element({ evidence: [{ type: { value: 'document' }, ...entry }] });
/** A request for what lies `levels` deep. */
const deep = (levels: number): unknown => (levels === 0 ? null : { inner: deep(levels - 1) });

const ACCEPTED: Readonly<Record<string, unknown>> = {
  'the trust framework alone': element(),
  'one trust framework': element({ trust_framework: { value: 'ma_cnie' } }),
  'one of several, essential': element({ trust_framework: { essential: true, values: ['ma_cnie', 'eidas'] } }),
  'an age of the verification': element({ time: { max_age: 0 } }),
  'members that nobody knows': element({ assurance_process: { policy: null }, unknown: { deep: { value: 7 } } }),
  'evidence of a type': evidence({}),
  'evidence with what is in it': evidence({ document_details: { document_number: null, issuer: { name: null } } }),
  'evidence of a type that nobody has': element({ evidence: [{ type: { value: 'vouch' } }] }),
  'two kinds of evidence': element({
    evidence: [{ type: { value: 'document' } }, { type: { value: 'electronic_signature' }, serial_number: null }],
  }),
  'a purpose of 3 characters': element({}, { given_name: { purpose: 'age' } }),
  'a purpose of 300': element({}, { given_name: { purpose: 'p'.repeat(300) } }),
  'claims with what they must be': element({}, { birthdate: { max_age: 1e9 }, gender: { values: ['female'] } }),
  'members that nobody knows, whatever they hold': element({ unknown: 'x', time: { max_age: 5, zone: 7 } }),
  'claims of null, which ask for none': element({}, null),
  'an empty list': [],
  'a claim that nobody knows': element({}, { email: { essential: true } }),
  'what lies as deep as we go': element({ unknown: deep(11) }),
  several: [element(), evidence({})],
  'as many as we take': Array.from({ length: 10 }, () => element()),
};

const REFUSED: Readonly<Record<string, unknown>> = {
  null: null,
  'a text': 'verified',
  'an empty object': {},
  'a list with something else': [element(), null],
  'more than we take': Array.from({ length: 11 }, () => element()),
  'no verification': { claims: { given_name: null } },
  'a verification of null': { ...element(), verification: null },
  'an empty verification': { ...element(), verification: {} },
  'no trust framework': { ...element(), verification: { time: null } },
  'no claims': { verification: { trust_framework: null } },
  'a member beside the two': { ...element(), purpose: 'To test.' },
  'empty claims': element({}, {}),
  'a list of claims': element({}, ['given_name']),
  'a claim that is no request': element({}, { given_name: true }),
  'a claim with an essential that is no boolean': element({}, { given_name: { essential: 'yes' } }),
  'a claim with an empty list of values': element({}, { given_name: { values: [] } }),
  'a claim with a purpose of 2 characters': element({}, { given_name: { purpose: 'it' } }),
  'a claim with a purpose of 301': element({}, { given_name: { purpose: 'p'.repeat(301) } }),
  'a claim with an age that is no number': element({}, { birthdate: { max_age: '63072000' } }),
  'a trust framework that is a text': element({ trust_framework: 'ma_cnie' }),
  'a trust framework with a value that is no text': element({ trust_framework: { value: 7 } }),
  'a level with values that are no text': element({ assurance_level: { values: ['high', null] } }),
  'a type of document with a value that is no text': evidence({ document_details: { type: { value: ['idcard'] } } }),
  'a time that is a text': element({ time: '2026-11-25' }),
  'a trust framework with values that are no list': element({ trust_framework: { values: 'ma_cnie' } }),
  'a time with an age below zero': element({ time: { max_age: -1 } }),
  'a time with an age that is no number': element({ time: { max_age: null } }),
  'something wrong deep in the verification': element({ assurance_process: { policy: { essential: 1 } } }),
  'what lies deeper than we go': element({ unknown: deep(12) }),
  'evidence of null': element({ evidence: null }),
  'evidence that is no list': element({ evidence: { type: { value: 'document' } } }),
  'an empty list of evidence': element({ evidence: [] }),
  'evidence that is no object': element({ evidence: ['document'] }),
  'evidence without a type': element({ evidence: [{ document_details: null }] }),
  'evidence of any type': element({ evidence: [{ type: null }] }),
  'evidence of one of several types': element({
    evidence: [{ type: { value: 'document', values: ['document', 'vouch'] } }],
  }),
  'evidence whose type is no text': element({ evidence: [{ type: { value: 7 } }] }),
  'something wrong deep in the evidence': evidence({ document_details: { document_number: { values: {} } } }),
};

describe('OpenID Connect for Identity Assurance 1.0, 5: the form of a request for verified_claims', () => {
  for (const [what, request] of Object.entries(ACCEPTED)) {
    it(`may be ${what}`, () => expect(verifiedClaimsProblem(request)).to.equal(undefined));
  }
  for (const [what, request] of Object.entries(REFUSED)) {
    it(`is not ${what}`, () => expect(verifiedClaimsProblem(request)).to.be.a('string').that.is.not.empty);
  }
  it('is one element, or a list of them', () => {
    expect(elementsOf(element())).to.deep.equal([element()]);
    expect(elementsOf([element(), evidence({})])).to.deep.equal([element(), evidence({})]);
    for (const nothing of [undefined, null, 'x', [], [7, null]]) expect(elementsOf(nothing)).to.deep.equal([]);
  });
});
