import { expect } from 'chai';
import { DerCursor, DerError } from '../../src/pki/der.ts';
import { readGeneralizedTime, readTime } from '../../src/pki/der-time.ts';

function encoded(tag: number, text: string): DerCursor {
  return new DerCursor(Buffer.concat([Buffer.of(tag, text.length), Buffer.from(text, 'latin1')]));
}

const utc = (text: string): string => new Date(readTime(encoded(0x17, text))).toISOString();
const generalized = (text: string): string => new Date(readTime(encoded(0x18, text))).toISOString();

describe('RFC 5280 4.1.2.5: Time', () => {
  it('reads a UTCTime with YY below 50 as 20YY, else as 19YY', () => {
    expect(utc('491231235959Z')).to.equal('2049-12-31T23:59:59.000Z');
    expect(utc('500101000000Z')).to.equal('1950-01-01T00:00:00.000Z');
  });

  it('reads every year of a GeneralizedTime', () => {
    expect(generalized('20500101000000Z')).to.equal('2050-01-01T00:00:00.000Z');
    expect(generalized('99991231235959Z')).to.equal('9999-12-31T23:59:59.000Z');
    expect(generalized('00010301000000Z')).to.equal('0001-03-01T00:00:00.000Z');
  });

  it('knows the calendar', () => {
    expect(utc('240229000000Z')).to.equal('2024-02-29T00:00:00.000Z');
    for (const text of ['230229000000Z', '230431000000Z', '231301000000Z', '230001000000Z', '230100000000Z']) {
      expect(() => utc(text), text).to.throw(DerError);
    }
    expect(() => generalized('19000229000000Z')).to.throw(DerError);
    expect(generalized('20000229000000Z')).to.equal('2000-02-29T00:00:00.000Z');
  });

  it('refuses what 4.1.2.5.1 and 4.1.2.5.2 exclude: no seconds, fractions, offsets, impossible hours', () => {
    for (const text of [
      '2301010000Z',
      '230101000000',
      '230101000000+0000',
      '230101240000Z',
      '230101006000Z',
      '230101000060Z',
    ]) {
      expect(() => utc(text), text).to.throw(DerError);
    }
    for (const text of [
      '20230101000000.5Z',
      '202301010000Z',
      '20230101000000+0100',
      '2023010100000aZ',
      '2023 101000000Z',
    ]) {
      expect(() => generalized(text), text).to.throw(DerError);
    }
  });

  it('refuses another type, and a UTCTime where only GeneralizedTime stands', () => {
    expect(() => readTime(encoded(0x13, '230101000000Z'))).to.throw(DerError);
    expect(() => readGeneralizedTime(encoded(0x17, '230101000000Z'))).to.throw(DerError);
  });
});
