import { expect } from 'chai';
import { claimsRequestProblem, isAskedFor } from '../../src/oidc/claims-request.ts';

describe('OpenID Connect Core 5.5: the form of the claims parameter', () => {
  for (const request of [
    null,
    {},
    { essential: true },
    { value: 'x' },
    { value: null },
    { values: ['x', 7] },
    { unknown_member: [1, { deep: true }] },
  ]) {
    for (const place of ['userinfo', 'id_token']) {
      it(`accepts ${JSON.stringify(request)} in ${place}`, () => {
        expect(claimsRequestProblem({ [place]: { given_name: request, unknown_claim: request } })).to.equal(undefined);
      });
    }
  }

  for (const request of [
    true,
    'essential',
    7,
    [],
    [{ essential: true }],
    { essential: 'true' },
    { essential: null },
    { values: 'x' },
    { values: [] },
    { values: null },
  ]) {
    for (const place of ['userinfo', 'id_token']) {
      it(`refuses ${JSON.stringify(request)} in ${place}`, () => {
        const problem = claimsRequestProblem({ [place]: { given_name: null, 'name"é': request } });
        expect(problem).to.be.a('string').that.includes(`claims.${place}`).and.not.includes('é');
      });
    }
  }

  for (const name of ['acr', 'sub']) {
    it(`wants text where it asks for a value of ${name}`, () => {
      for (const good of [{ value: 'x' }, { values: ['x', 'y'] }, { essential: true }]) {
        expect(claimsRequestProblem({ id_token: { [name]: good } })).to.equal(undefined);
      }
      for (const bad of [{ value: 7 }, { value: null }, { values: ['x', 7] }, { value: ['x'] }]) {
        expect(claimsRequestProblem({ id_token: { [name]: bad } }), JSON.stringify(bad)).to.be.a('string');
      }
    });
  }

  it('looks at its two places alone', () => {
    expect(claimsRequestProblem({ id_token: {}, other: { given_name: 7 } })).to.equal(undefined);
  });
});

describe('OpenID Connect Core 5.5.1: value and values', () => {
  it('nothing is asked without them', () => {
    for (const request of [null, undefined, {}, { essential: true }]) expect(isAskedFor('x', request)).to.equal(true);
  });
  it('the value is the one that is named, or one of them', () => {
    expect(isAskedFor('x', { value: 'x' })).to.equal(true);
    expect(isAskedFor('x', { value: 'X' })).to.equal(false);
    expect(isAskedFor('7', { value: 7 })).to.equal(false);
    expect(isAskedFor('x', { values: ['y', 'x'] })).to.equal(true);
    expect(isAskedFor('x', { values: ['y'] })).to.equal(false);
    expect(isAskedFor('x', { value: 'x', values: ['y'] })).to.equal(false);
  });
  it('an object is compared by its members, in any order', () => {
    expect(isAskedFor({ a: 1, b: [2] }, { value: { b: [2], a: 1 } })).to.equal(true);
    expect(isAskedFor({ a: 1, b: [2] }, { value: { a: 1 } })).to.equal(false);
  });
});
