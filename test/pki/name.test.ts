import { expect } from 'chai';
import { encodeName, encodeRelativeName, type NameTemplate } from '../../src/demo/distinguished-name.ts';
import { DerCursor, DerError } from '../../src/pki/der.ts';
import type { StringEncoding } from '../../src/pki/der-writer.ts';
import {
  equalNames,
  isWithinSubtree,
  keyOfNameBelow,
  type Name,
  readAttributes,
  readName,
} from '../../src/pki/name.ts';

const read = (template: NameTemplate): Name => readName(new DerCursor(encodeName(template)));

function named(value: string, encoding: StringEncoding = 'utf8', type = 'commonName'): Name {
  return read([{ type, value, encoding }]);
}

describe('RFC 5280 7.1: comparison of names', () => {
  it('ignores case, white space around and between words, and the string type', () => {
    const name = named('Test Authority 1', 'printable');
    for (const same of ['TEST AUTHORITY 1', '  Test   Authority 1 ', 'test\tauthority\u00a01']) {
      expect(equalNames(name, named(same)), same).to.equal(true);
    }
    expect(equalNames(name, named('TestAuthority 1'))).to.equal(false);
    expect(equalNames(name, named('Test Authority 2'))).to.equal(false);
  });

  it('folds case beyond ASCII and normalises (RFC 4518)', () => {
    expect(equalNames(named('ÉTAT'), named('e\u0301tat'))).to.equal(true);
    expect(equalNames(named('STRASSE'), named('straße'))).to.equal(true);
    expect(equalNames(named('ΟΔΟΣ'), named('οδος'))).to.equal(true);
    expect(equalNames(named('J\u030c'), named('\u01f0'))).to.equal(true);
    expect(equalNames(named('a\u00adb'), named('ab'))).to.equal(true);
    expect(equalNames(named('أمينة'), named('أمينه'))).to.equal(false);
  });

  it('distinguishes attribute types, order and number', () => {
    const one = { type: 'commonName', value: 'A' };
    const two = { type: 'organizationName', value: 'B' };
    expect(equalNames(named('A'), named('A', 'utf8', 'organizationName'))).to.equal(false);
    expect(equalNames(read([one, two]), read([two, one]))).to.equal(false);
    expect(equalNames(read([one]), read([one, two]))).to.equal(false);
  });

  it('takes the values of one relative distinguished name as a set, which is not two names', () => {
    const one = { type: 'commonName', value: 'A' };
    const two = { type: 'serialNumber', value: 'B' };
    expect(equalNames(read([[one, two]]), read([[two, one]]))).to.equal(true);
    expect(equalNames(read([[one, two]]), read([one, two]))).to.equal(false);
  });

  it('is not deceived by texts that imitate the boundaries', () => {
    const forged = named('A7:2.5.4.5=B');
    expect(
      equalNames(
        forged,
        read([
          { type: 'commonName', value: 'A' },
          { type: 'serialNumber', value: 'B' },
        ]),
      ),
    ).to.equal(false);
    const [attribute] = named('X, serialNumber=PNOMA-1').attributes;
    expect(attribute).to.include({ type: '2.5.4.3', value: 'X, serialNumber=PNOMA-1' });
  });
});

describe('RFC 5280 4.2.1.10: directoryName subtrees', () => {
  const base = read([
    { type: 'countryName', value: 'MA' },
    { type: 'organizationName', value: 'Thiqa' },
  ]);

  it('contain the name itself and names below it', () => {
    expect(isWithinSubtree(base, base)).to.equal(true);
    const below = read([
      { type: 'countryName', value: 'ma' },
      { type: 'organizationName', value: 'THIQA' },
      { type: 'commonName', value: 'X' },
    ]);
    expect(isWithinSubtree(below, base)).to.equal(true);
    expect(isWithinSubtree(base, below)).to.equal(false);
    expect(isWithinSubtree(base, read([]))).to.equal(true);
  });

  it('do not contain a name whose attribute only starts alike', () => {
    const alike = read([
      { type: 'countryName', value: 'MA' },
      { type: 'organizationName', value: 'Thiqa 2' },
    ]);
    expect(isWithinSubtree(alike, base)).to.equal(false);
  });
});

describe('RFC 5280 4.1.2.4: Name', () => {
  it('refuses characters outside the string type', () => {
    expect(() => named('a@b', 'printable')).to.throw(DerError);
    expect(() => readName(new DerCursor(Buffer.from('300f310d300b06035504030c04c328c328', 'hex')))).to.throw(DerError);
  });

  it('refuses an empty relative distinguished name, and data behind the value', () => {
    expect(() => readName(new DerCursor(Buffer.from('30023100', 'hex')))).to.throw(DerError);
    expect(() =>
      readName(new DerCursor(Buffer.from('300e310c300a0603550403130141 0500'.replace(' ', ''), 'hex'))),
    ).to.throw(DerError);
  });

  it('has no text for a value that is no character string', () => {
    const [attribute] = readName(new DerCursor(Buffer.from('300c310a30080603550403020105', 'hex'))).attributes;
    expect(attribute?.value).to.equal(undefined);
  });

  it('4.2.1.13: a name relative to a CRL issuer is the name with one more part', () => {
    const issuer = read([{ type: 'countryName', value: 'MA' }]);
    const part = { type: 'commonName', value: 'CRL1' };
    const rdn = readAttributes(new DerCursor(encodeRelativeName(part)).set());
    expect(keyOfNameBelow(issuer, rdn)).to.equal(read([{ type: 'countryName', value: 'MA' }, part]).key);
  });
});
