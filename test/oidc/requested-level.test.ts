import { expect } from 'chai';
import { acrNames, acrOf, type LevelOfAssurance } from '../../src/identity/level-of-assurance.ts';
import { acrFor, type LevelParameters, requestedLevel } from '../../src/oidc/requested-level.ts';

const NAMES = acrNames({ 'urn:example:loa:2': 'substantial' });
const URI = acrOf('substantial');

const request = (parameters: Partial<LevelParameters> = {}) =>
  requestedLevel({ acrValues: undefined, acrClaim: undefined, portalMinimum: undefined, ...parameters }, NAMES);
const essential = (...values: string[]) => ({ essential: true, values });

describe('the level of assurance that a request asks for', () => {
  it('is any when it names none', () => {
    expect(request()).to.deep.equal({ isUnknown: false, names: [[], []] });
  });

  for (const name of ['substantial', URI, 'urn:example:loa:2']) {
    it(`is asked for by the name ${name}`, () => {
      expect(request({ acrValues: name }).minimum).to.equal('substantial');
      expect(request({ acrClaim: essential(name) }).minimum).to.equal('substantial');
      expect(request({ acrClaim: { essential: true, value: name } }).minimum).to.equal('substantial');
    });
  }

  it('is the lowest of several names: each of them will do', () => {
    expect(request({ acrValues: 'high substantial' }).minimum).to.equal('substantial');
    expect(request({ acrClaim: essential('high', 'low') }).minimum).to.equal('low');
  });

  it('is the highest of what acr_values, the essential claim and the registration ask', () => {
    expect(request({ acrValues: 'low', acrClaim: essential('substantial') }).minimum).to.equal('substantial');
    expect(request({ acrValues: 'high', acrClaim: essential('substantial') }).minimum).to.equal('high');
    expect(request({ acrValues: 'low', portalMinimum: 'high' }).minimum).to.equal('high');
    expect(request({ portalMinimum: 'low' }).minimum).to.equal('low');
  });

  it('is not bound by names in acr_values that nobody knows', () => {
    for (const acrValues of ['1 2', 'HIGH', 'urn:mace:incommon:iap:silver', ' ', 'constructor __proto__']) {
      expect(request({ acrValues })).to.include({ isUnknown: false }).and.not.have.property('minimum');
    }
  });

  it('cannot be reached when an essential claim names only what nobody knows', () => {
    expect(request({ acrClaim: essential('urn:example:loa:9') }).isUnknown).to.equal(true);
    expect(request({ acrClaim: { essential: true, value: '' } }).isUnknown).to.equal(true);
    expect(request({ acrClaim: essential('urn:example:loa:9', 'low') })).to.include({
      isUnknown: false,
      minimum: 'low',
    });
  });

  it('is any when the claim is voluntary, or essential without a value', () => {
    for (const acrClaim of [null, {}, { essential: false, value: 'high' }, { value: 'high' }, { essential: true }]) {
      expect(request({ acrClaim })).to.include({ isUnknown: false }).and.not.have.property('minimum');
    }
  });
});

describe('the acr that answers', () => {
  const answer = (level: LevelOfAssurance, parameters: Partial<LevelParameters>) =>
    acrFor(level, request(parameters), NAMES);

  it('is the eIDAS URI when nobody asked', () => expect(answer('low', {})).to.equal('http://eidas.europa.eu/LoA/low'));
  it('is the name by which the portal asked', () => {
    expect(answer('substantial', { acrValues: 'urn:example:loa:2' })).to.equal('urn:example:loa:2');
    expect(answer('substantial', { acrClaim: essential('substantial') })).to.equal('substantial');
  });
  it('is one of those that were asked for when the level is higher', () => {
    expect(answer('high', { acrValues: 'low substantial' })).to.equal('substantial');
    expect(answer('high', { acrClaim: essential('low') })).to.equal('low');
  });
  it('is of the claim before acr_values', () => {
    expect(answer('substantial', { acrValues: 'substantial', acrClaim: essential(URI) })).to.equal(URI);
  });
  it('never says more than was reached', () => {
    expect(answer('low', { acrClaim: { values: ['high', 'substantial'] } })).to.equal(acrOf('low'));
    expect(answer('substantial', { acrValues: `high low ${URI}` })).to.equal(URI);
  });
});
