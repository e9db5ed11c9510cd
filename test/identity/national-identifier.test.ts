import { expect } from 'chai';
import { IdentityError } from '../../src/errors.ts';
import {
  type IdentifierRule,
  identifierKey,
  maskIdentifier,
  readGivenIdentifier,
  readNationalIdentifier,
} from '../../src/identity/national-identifier.ts';
import { expectRefusal } from '../support/refusal.ts';

const PNO: IdentifierRule = { syntax: 'etsi', country: 'MA', register: 'PNO', pattern: /^(?:[A-Z]{1,2}[0-9]{4,8})$/u };
const NIN: IdentifierRule = { syntax: 'plain', country: 'DZ', register: 'NIN', pattern: /^(?:[0-9]{18})$/u };

const malformed = (text: string, rule: IdentifierRule) =>
  expectRefusal(() => readNationalIdentifier(text, rule), IdentityError, 'ATTRIBUTE_MALFORMED');

describe('an identifier as a person writes it', () => {
  it('is the number of the document, or has the semantics of ETSI before it', () => {
    const expected = readNationalIdentifier('PNOMA-ZT123456', PNO);
    for (const text of ['ZT123456', 'zt 123 456', 'PNOMA-ZT123456']) {
      expect(readGivenIdentifier(text, PNO), text).to.deep.equal(expected);
    }
    expect(readGivenIdentifier('123456789012345678', NIN)).to.include({ register: 'NIN' });
  });

  it('is refused when it is of another form, register or country', async () => {
    for (const text of ['', 'ZT', 'PASMA-ZT123456', 'PNODZ-ZT123456', '123456789012345678']) {
      await expectRefusal(() => readGivenIdentifier(text, PNO), IdentityError, 'ATTRIBUTE_MALFORMED');
    }
  });
});

describe('ETSI EN 319 412-1 5.1.3: semantics identifiers', () => {
  it('the type is the register, the country its country, the rest the number', () => {
    expect(readNationalIdentifier('PNOMA-ZT123456', PNO)).to.deep.equal({
      country: 'MA',
      register: 'PNO',
      value: 'ZT123456',
    });
  });

  it('is split at the first hyphen: a number may have one of its own', () => {
    const rule: IdentifierRule = { ...PNO, country: 'LV', pattern: /^(?:[0-9]{6}-[0-9]{5})$/u };
    expect(readNationalIdentifier('PNOLV-321922-33032', rule).value).to.equal('321922-33032');
  });

  it('a national scheme is two characters and a colon', () => {
    const rule: IdentifierRule = { ...PNO, register: 'CN' };
    expect(readNationalIdentifier('CN:MA-ZT123456', rule)).to.include({ register: 'CN', value: 'ZT123456' });
  });

  it('case and white space say nothing: one number, one spelling', () => {
    for (const text of ['pnoma-zt123456', ' PNOMA-ZT123456 ', 'PNOMA-ZT 123 456', 'PNOMA-ZT\u00a0123456']) {
      expect(readNationalIdentifier(text, PNO), text).to.deep.equal(readNationalIdentifier('PNOMA-ZT123456', PNO));
    }
  });

  const refused = {
    'of a document, not of a person': 'IDCMA-ZT123456',
    'of another country': 'PNODZ-ZT123456',
    'without a type': 'MA-ZT123456',
    'without a hyphen': 'PNOMAZT123456',
    'without a number': 'PNOMA-',
    'of a national scheme, where a person number is due': 'PN:MA-ZT123456',
    'with a country of three letters': 'PNOMAR-ZT123456',
    'with something before it': 'XPNOMA-ZT123456',
    empty: '',
  };
  for (const [fault, text] of Object.entries(refused)) {
    it(`refuses an identifier ${fault}`, () => malformed(text, PNO));
  }

  it('refuses the bare number where the profile wants semantics', () => malformed('ZT123456', PNO));
});

describe('the form of the number, as its profile prescribes', () => {
  for (const number of ['Z1234', 'ZT12345678']) {
    it(`accepts the shortest and the longest: ${number}`, () => {
      expect(readNationalIdentifier(`PNOMA-${number}`, PNO).value).to.equal(number);
    });
  }
  for (const number of ['Z123', 'ZT123456789', 'ZTX123456', '123456', 'ZT12-3456', 'ZT123456\nZT654321']) {
    it(`refuses ${JSON.stringify(number)}`, () => malformed(`PNOMA-${number}`, PNO));
  }

  it('Algeria: 18 digits, kept as they are', () => {
    expect(readNationalIdentifier('109890123456789012', NIN)).to.deep.equal({
      country: 'DZ',
      register: 'NIN',
      value: '109890123456789012',
    });
  });
  for (const [fault, number] of Object.entries({
    '17 digits': '10989012345678901',
    '19 digits': '1098901234567890123',
    'digits of another script': '١٠٩٨٩٠١٢٣٤٥٦٧٨٩٠١٢',
    'a semantics prefix': 'PNODZ-109890123456789012',
  })) {
    it(`Algeria: refuses ${fault}`, () => malformed(number, NIN));
  }

  it('an error says which attribute, and never quotes it', async () => {
    const error = await malformed('PNOMA-SECRET', PNO);
    expect(error.detail).to.deep.equal({ attribute: 'nationalIdentifier' });
    expect(error.message).to.not.include('SECRET');
  });

  it('is frozen', () => {
    expect(readNationalIdentifier('PNOMA-ZT123456', PNO)).to.be.frozen;
  });
});

describe('the input of the keyed hash', () => {
  const base = { country: 'MA', register: 'PNO', value: 'ZT123456' };

  it('differs as soon as country, register or number differ', () => {
    const keys = [
      base,
      { ...base, country: 'DZ' },
      { ...base, register: 'CNIE' },
      { ...base, value: 'ZT123457' },
      // What a mere joining of the parts would confuse with the first:
      { country: 'MA', register: 'PN', value: 'OZT123456' },
    ].map(identifierKey);
    expect(new Set(keys)).to.have.lengthOf(keys.length);
  });

  it('is the same for the same', () => expect(identifierKey({ ...base })).to.equal(identifierKey(base)));
});

describe('the masked identifier', () => {
  const mask = (value: string) => maskIdentifier({ country: 'MA', register: 'PNO', value });

  it('shows the last three characters', () => expect(mask('ZT123456')).to.equal('•••••456'));
  it('hides at least three, so that a short number does not show its length', () => {
    expect(mask('Z1234')).to.equal('•••234');
    expect(mask('1234')).to.equal('•••234');
  });
});
