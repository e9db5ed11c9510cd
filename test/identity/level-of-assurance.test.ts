import { expect } from 'chai';
import {
  type Assurance,
  acrOf,
  earnedAssurance,
  highestOf,
  isAtLeast,
  LEVELS_OF_ASSURANCE,
  lowestOf,
} from '../../src/identity/level-of-assurance.ts';

describe('levels of assurance', () => {
  it('are named to portals by their eIDAS URI', () => {
    expect(LEVELS_OF_ASSURANCE.map(acrOf)).to.deep.equal([
      'http://eidas.europa.eu/LoA/low',
      'http://eidas.europa.eu/LoA/substantial',
      'http://eidas.europa.eu/LoA/high',
    ]);
  });

  it('a key on a card earns the level of its profile', () => {
    const card: Assurance = { level: 'high', methods: ['sc', 'hwk', 'pin', 'mfa'] };
    expect(earnedAssurance(card)).to.deep.equal(card);
  });

  it('contain those below them', () => {
    expect(isAtLeast('substantial', 'low')).to.equal(true);
    expect(isAtLeast('substantial', 'substantial')).to.equal(true);
    expect(isAtLeast('substantial', 'high')).to.equal(false);
  });

  it('of several, one is the highest and one the lowest', () => {
    expect(highestOf(['low', 'high', 'substantial'])).to.equal('high');
    expect(lowestOf(['high', 'substantial'])).to.equal('substantial');
    expect(highestOf([])).to.equal(undefined);
    expect(lowestOf([])).to.equal(undefined);
  });

  it('a key in software earns low, whatever its profile claims', () => {
    for (const level of LEVELS_OF_ASSURANCE) {
      expect(earnedAssurance({ level, methods: ['swk', 'pin'] })).to.deep.equal({
        level: 'low',
        methods: ['swk', 'pin'],
      });
    }
  });
});
