/**
 * RFC 4514: a registered name is the name that its string stands for, and a string that is none names nobody.
 */
import { expect } from 'chai';
import { parseDistinguishedName } from '../../src/client-authentication/distinguished-name.ts';
import { encodeName } from '../../src/demo/distinguished-name.ts';
import { DerCursor } from '../../src/pki/der.ts';
import { equalNames, type Name, readName } from '../../src/pki/name.ts';

const nameOf = (template: Parameters<typeof encodeName>[0]): Name => readName(new DerCursor(encodeName(template)));

const ORGANISATION = nameOf([
  { type: 'countryName', value: 'MA' },
  { type: 'organizationName', value: 'Passports, Visas' },
  { type: 'commonName', value: 'portal.example.ma' },
]);

describe('RFC 4514: the string form of a distinguished name', () => {
  const same: readonly (readonly [string, string])[] = [
    ['has the most specific part first', 'CN=portal.example.ma,O=Passports\\, Visas,C=MA'],
    ['names types by any case', 'cn=portal.example.ma,o=Passports\\, Visas,c=MA'],
    ['names types by object identifier', '2.5.4.3=portal.example.ma,2.5.4.10=Passports\\, Visas,2.5.4.6=MA'],
    ['escapes octets in hexadecimal', 'CN=portal\\2Eexample.ma,O=Passports\\2c Visas,C=MA'],
    ['gives a value as its encoding', 'CN=#0c11706f7274616c2e6578616d706c652e6d61,O=Passports\\, Visas,C=MA'],
    ['may have spaces around the separators', 'CN = portal.example.ma , O=Passports\\, Visas , C=MA '],
    ['compares as names do (RFC 5280 7.1)', 'CN=Portal.Example.MA,O=PASSPORTS\\,  visas,C=ma'],
  ];
  for (const [rule, text] of same) {
    it(`${rule}: ${text}`, () => expect(equalNames(parseDistinguishedName(text), ORGANISATION)).to.equal(true));
  }

  const others: readonly (readonly [string, string])[] = [
    ['the other order', 'C=MA,O=Passports\\, Visas,CN=portal.example.ma'],
    ['a part less', 'CN=portal.example.ma,O=Passports\\, Visas'],
    ['a part more', 'CN=portal.example.ma,OU=IT,O=Passports\\, Visas,C=MA'],
    ['two parts made one', 'CN=portal.example.ma+O=Passports\\, Visas,C=MA'],
    ['another type', 'OU=portal.example.ma,O=Passports\\, Visas,C=MA'],
    ['another value', 'CN=portal.example.mb,O=Passports\\, Visas,C=MA'],
    ['a separator inside of a value', 'CN=portal.example.ma\\,O=Passports\\, Visas,C=MA'],
  ];
  for (const [what, text] of others) {
    it(`is another name with ${what}`, () =>
      expect(equalNames(parseDistinguishedName(text), ORGANISATION)).to.equal(false));
  }

  it('has a set of several attributes, in any order', () => {
    const one = parseDistinguishedName('CN=a+serialNumber=1,C=MA');
    expect(one.rdns.map((rdn) => rdn.length)).to.deep.equal([1, 2]);
    expect(equalNames(one, parseDistinguishedName('serialNumber=1+CN=a,C=MA'))).to.equal(true);
  });
  it('is UTF-8, escaped or not', () => {
    const expected = nameOf([{ type: 'commonName', value: 'بوابة' }]);
    const escaped = [...Buffer.from('بوابة')].map((octet) => `\\${octet.toString(16)}`).join('');
    expect(equalNames(parseDistinguishedName('CN=بوابة'), expected)).to.equal(true);
    expect(equalNames(parseDistinguishedName(`CN=${escaped}`), expected)).to.equal(true);
  });

  for (const text of [
    '',
    'portal',
    'CN',
    'CN=',
    'CN= ',
    'CN=a,',
    ',CN=a',
    'CN=a+',
    'CN=a,,C=MA',
    'NOSUCHTYPE=a',
    '2.5=',
    '3.1=a',
    '2.05.4.3=a',
    '1.40.1=a',
    '=a',
    'CN=a;C=MA',
    'CN="a"',
    'CN=a\\',
    'CN=a\\x',
    'CN=a\\f',
    'CN=\\ff',
    'CN=#',
    'CN=#0',
    'CN=#zz',
    'CN=#0c05',
    'CN=#0c01610c0161',
    'CN=a\0b',
    `CN=${'a'.repeat(2000)}`,
  ]) {
    it(`${JSON.stringify(text.slice(0, 40))} is none`, () =>
      expect(() => parseDistinguishedName(text)).to.throw(TypeError));
  }
});
