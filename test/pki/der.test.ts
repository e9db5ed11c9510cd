import { expect } from 'chai';
import { DerCursor, DerError, enterWhole } from '../../src/pki/der.ts';

const cursor = (hex: string): DerCursor => new DerCursor(Buffer.from(hex, 'hex'));

function refuses(hex: string, read: (cursor: DerCursor) => unknown): void {
  expect(() => read(cursor(hex)), hex).to.throw(DerError);
}

describe('X.690: DER', () => {
  it('walks the elements of one level without descending', () => {
    const outer = cursor('3003020105020107');
    expect(outer.next()).to.equal(true);
    expect([outer.tag, outer.contentStart, outer.contentEnd]).to.deep.equal([0x30, 2, 5]);
    expect(outer.smallInteger(9)).to.equal(7);
    expect(outer.next()).to.equal(false);
  });

  describe('8.1.3, 10.1: lengths are definite and minimal', () => {
    it('takes the short form up to 127 and the long form from 128', () => {
      expect(cursor(`047f${'00'.repeat(127)}`).octetString()).to.have.lengthOf(127);
      expect(cursor(`048180${'00'.repeat(128)}`).octetString()).to.have.lengthOf(128);
      expect(cursor(`04820100${'00'.repeat(256)}`).octetString()).to.have.lengthOf(256);
    });

    it('refuses the long form where a shorter one would do, the indefinite form, and five octets', () => {
      refuses(`04817f${'00'.repeat(127)}`, (each) => each.octetString());
      refuses(`048200ff${'00'.repeat(255)}`, (each) => each.octetString());
      refuses('30800000', (each) => each.sequence());
      refuses('04850000000001ff', (each) => each.octetString());
    });

    it('refuses an element that is longer than what encloses it, and one that is cut off', () => {
      refuses('3003020205', (each) => each.sequence().integer());
      refuses('04', (each) => each.next());
      refuses('0482', (each) => each.next());
      refuses('1f8101', (each) => each.next());
      refuses('0000', (each) => each.next());
    });
  });

  describe('8.3: INTEGER', () => {
    it('reads minimal ones and refuses padded or empty ones', () => {
      expect(cursor('020100').smallInteger(0)).to.equal(0);
      expect(cursor('02020080').smallInteger(128)).to.equal(128);
      expect([...cursor('0201ff').integer()]).to.deep.equal([0xff]);
      refuses('02020005', (each) => each.integer());
      refuses('0202ff80', (each) => each.integer());
      refuses('0200', (each) => each.integer());
    });

    it('refuses a small number that is negative or too large', () => {
      expect(cursor('020200ff').smallInteger(255)).to.equal(255);
      refuses('02020100', (each) => each.smallInteger(255));
      refuses('0201ff', (each) => each.smallInteger(255));
    });
  });

  it('11.1: BOOLEAN is 00 or FF', () => {
    expect(cursor('0101ff').boolean()).to.equal(true);
    expect(cursor('010100').boolean()).to.equal(false);
    for (const hex of ['010101', '0100', '0102ffff']) refuses(hex, (each) => each.boolean());
  });

  it('8.6, 11.2: the unused bits of a BIT STRING are zero and at most seven', () => {
    expect([...cursor('03020780').bitString().bytes]).to.deep.equal([0x80]);
    expect(cursor('030100').bitString().bytes).to.have.lengthOf(0);
    for (const hex of ['0300', '030101', '030208ff', '03020781', '23030001ff'])
      refuses(hex, (each) => each.bitString());
  });

  it('8.8: NULL has no contents', () => {
    expect(() => cursor('0500').null()).to.not.throw();
    refuses('050100', (each) => each.null());
  });

  describe('8.19: OBJECT IDENTIFIER', () => {
    it('reads all three roots, and arcs of any size', () => {
      expect(cursor('0603550403').objectIdentifier()).to.equal('2.5.4.3');
      expect(cursor('06062a864886f70d').objectIdentifier()).to.equal('1.2.840.113549');
      expect(cursor('0603883703').objectIdentifier()).to.equal('2.999.3');
      expect(cursor('060100').objectIdentifier()).to.equal('0.0');
      const uuid = cursor(`061069${'ff'.repeat(14)}7f`).objectIdentifier();
      expect(uuid).to.match(/^2\.25\.\d{17,}$/);
    });

    it('refuses subidentifiers that are padded or cut off', () => {
      for (const hex of ['0600', '060180', '06025580', '0603558003', '060355ff83']) {
        refuses(hex, (each) => each.objectIdentifier());
      }
    });
  });

  it('10.2, 8.9: a type of any kind has the form of its kind: strings are whole, sequences and sets have parts', () => {
    for (const hex of ['0c0141', '3000', '3100', '2800', 'a000', '8000', '60020500']) {
      expect(cursor(hex).any(), hex).to.have.lengthOf(hex.length / 2);
    }
    for (const hex of ['2c030c0141', '2403040100', '1000', '1100', '250500', '0800'])
      refuses(hex, (each) => each.any());
  });

  it('refuses another tag than expected, and what follows', () => {
    refuses('040100', (each) => each.integer());
    refuses('', (each) => each.any());
    expect(() => enterWhole(Buffer.from('300000', 'hex'))).to.throw(DerError, 'trailing data');
  });
});
