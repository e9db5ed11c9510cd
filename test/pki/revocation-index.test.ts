import { expect } from 'chai';
import { RevocationError } from '../../src/errors.ts';
import { DerError } from '../../src/pki/der.ts';
import { buildRevocationTable, RevocationIndex } from '../../src/pki/revocation-index.ts';

const COMPLETE = { extensions: true, indirect: false, delta: false };

/** One TLV; the tests write DER by hand so that each fault stands where it is meant. */
function tlv(tag: number, ...content: readonly (Uint8Array | string)[]): Buffer {
  const value = Buffer.concat(content.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part)));
  const length = value.length < 0x80 ? [value.length] : [0x82, value.length >> 8, value.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
}

const utcTime = (text: string): Buffer => tlv(0x17, Buffer.from(text));
const generalizedTime = (text: string): Buffer => tlv(0x18, Buffer.from(text));
const extension = (arc: number, value: Uint8Array, critical = false): Buffer =>
  tlv(0x30, tlv(0x06, Buffer.from([0x55, 0x1d, arc])), critical ? '0101ff' : '', tlv(0x04, value));
const reason = (code: number): Buffer => extension(21, Buffer.from([0x0a, 1, code]));
const entry = (serial: string, ...extensions: readonly Buffer[]): Buffer =>
  tlv(
    0x30,
    tlv(0x02, serial),
    utcTime('260102030405Z'),
    extensions.length > 0 ? tlv(0x30, ...extensions) : Buffer.alloc(0),
  );

function index(entries: readonly Buffer[], rules = COMPLETE): RevocationIndex {
  const der = Buffer.concat(entries);
  return new RevocationIndex(buildRevocationTable(der, 0, der.length, rules));
}

const find = (of: RevocationIndex, serial: string, ordinals?: readonly number[]) =>
  of.find(Buffer.from(serial, 'hex'), ordinals);

function refused(entries: readonly Buffer[], rules = COMPLETE): void {
  expect(() => index(entries, rules)).to.throw(DerError);
}

describe('RFC 5280 5.1.2.6: the index of revokedCertificates', () => {
  it('finds each entry with its reason and date, whatever the order of the list', () => {
    const serials = Array.from({ length: 2000 }, (_, i) => ((i * 7919 + 13) % 65_537).toString(16).padStart(6, '0'));
    const minimal = serials.map((serial) => serial.replace(/^(00)+(?=[0-7].|..[0-9a-f])/, ''));
    const positive = minimal.map((serial) =>
      Number.parseInt(serial.slice(0, 2), 16) >= 0x80 ? `00${serial}` : serial,
    );
    const of = index(positive.map((serial) => entry(serial, reason(1))));
    expect(of.count).to.equal(2000);
    for (const serial of positive) {
      expect(find(of, serial)).to.deep.equal([
        { reason: 'keyCompromise', revocationDate: new Date('2026-01-02T03:04:05Z') },
      ]);
    }
    expect(find(of, '7f0001aa')).to.deep.equal([]);
  });

  it('is sorted by the whole number where the first octets are equal', () => {
    const serials = ['11111111222222220a', '11111111222222220b', '111111113333333301', '111111112222222209'];
    const of = index(serials.map((serial) => entry(serial)));
    for (const serial of serials) expect(find(of, serial)).to.have.length(1);
    expect(find(of, '111111113333333302')).to.deep.equal([]);
  });

  it('tells a negative number from the positive one with the same last octets', () => {
    const of = index([entry('80'), entry('017f')]);
    expect(find(of, '80')).to.have.length(1);
    expect(find(of, '0080')).to.deep.equal([]);
    expect(find(of, 'ff80')).to.have.length(1);
  });

  it('answers a number that is longer than any in the list', () => {
    const of = index([entry('05')]);
    expect(find(of, '0105')).to.deep.equal([]);
    expect(find(of, '000005')).to.have.length(1);
  });

  it('reads an absent reason code as unspecified, and dates in both forms', () => {
    const late = tlv(0x30, tlv(0x02, '06'), generalizedTime('20600229235959Z'));
    const of = index([entry('05'), late]);
    expect(find(of, '05')[0]?.reason).to.equal('unspecified');
    expect(find(of, '06')[0]?.revocationDate).to.deep.equal(new Date('2060-02-29T23:59:59Z'));
  });

  it('reads UTCTime years from 1950 to 2049', () => {
    const of = index([
      tlv(0x30, tlv(0x02, '01'), utcTime('500101000000Z')),
      tlv(0x30, tlv(0x02, '02'), utcTime('491231235959Z')),
    ]);
    expect(find(of, '01')[0]?.revocationDate).to.deep.equal(new Date('1950-01-01T00:00:00Z'));
    expect(find(of, '02')[0]?.revocationDate).to.deep.equal(new Date('2049-12-31T23:59:59Z'));
  });

  it('accepts the extensions of RFC 5280 5.3 and an unknown one that is not critical', () => {
    const invalidity = extension(24, generalizedTime('20260101000000Z'));
    const of = index([entry('05', reason(4), invalidity, extension(99, Buffer.from([5, 0])))]);
    expect(find(of, '05')[0]).to.deep.equal({ reason: 'superseded', revocationDate: new Date('2026-01-02T03:04:05Z') });
  });

  it('refuses the whole list for one unknown critical extension in any entry (5.3)', () => {
    const entries = [entry('05'), entry('06', extension(99, Buffer.from([5, 0]), true))];
    expect(() => index(entries))
      .to.throw(RevocationError)
      .with.property('code', 'CRL_CRITICAL_EXTENSION_UNKNOWN');
  });

  const faults: readonly (readonly [string, Buffer])[] = [
    ['an entry that is no SEQUENCE', tlv(0x02, '01')],
    ['a serial number that is no INTEGER', tlv(0x30, tlv(0x04, '7f'), utcTime('260102030405Z'))],
    ['an empty serial number', tlv(0x30, tlv(0x02), utcTime('260102030405Z'))],
    ['a serial number that is not minimal', entry('0005')],
    ['a serial number of 33 octets', entry(`01${'00'.repeat(32)}`)],
    ['a date with a fraction', tlv(0x30, tlv(0x02, '05'), generalizedTime('20260102030405.5Z'))],
    ['a date without Z', tlv(0x30, tlv(0x02, '05'), utcTime('260102030405+'))],
    ['30 February', tlv(0x30, tlv(0x02, '05'), utcTime('260230030405Z'))],
    ['29 February of a common year', tlv(0x30, tlv(0x02, '05'), utcTime('250229030405Z'))],
    ['an entry without a date', tlv(0x30, tlv(0x02, '05'))],
    ['empty extensions', tlv(0x30, tlv(0x02, '05'), utcTime('260102030405Z'), tlv(0x30))],
    [
      'an element after the extensions',
      tlv(0x30, tlv(0x02, '05'), utcTime('260102030405Z'), tlv(0x30, reason(1)), '0500'),
    ],
    ['a repeated reason code', entry('05', reason(1), reason(1))],
    ['a reason code that no standard assigns', entry('05', reason(7))],
    ['removeFromCRL outside a delta CRL', entry('05', reason(8))],
    ['critical FALSE, which DER leaves out', entry('05', tlv(0x30, '0603551d15', '010100', tlv(0x04, '0a0101')))],
    ['a certificate issuer in a CRL that is not indirect', entry('05', extension(29, tlv(0x30), true))],
    ['a length that is not minimal', Buffer.concat([Buffer.from('308112', 'hex'), entry('05').subarray(2)])],
    ['an entry that ends after the list', entry('05').subarray(0, 19)],
  ];
  for (const [what, fault] of faults) {
    it(`refuses the whole list for ${what}`, () => refused([entry('01'), fault]));
  }

  it('knows removeFromCRL in a delta CRL (5.3.1)', () => {
    expect(find(index([entry('05', reason(8))], { ...COMPLETE, delta: true }), '05')[0]?.reason).to.equal(
      'removeFromCRL',
    );
  });

  it('refuses extensions of an entry in a version 1 CRL (5.1.2.1)', () => {
    refused([entry('05', reason(1))], { ...COMPLETE, extensions: false });
  });
});

describe('RFC 5280 5.3.3: certificate issuers of an indirect CRL', () => {
  const INDIRECT = { ...COMPLETE, indirect: true };
  const names = (text: string): Buffer => tlv(0x30, tlv(0x86, Buffer.from(text)));
  const of = index(
    [
      entry('05'),
      entry('04', extension(29, names('urn:a'), true)),
      entry('05'),
      entry('03', extension(29, names('urn:b'), true)),
      entry('02', extension(29, names('urn:a'), true)),
    ],
    INDIRECT,
  );

  it('is the CRL issuer until an entry names another, and from then on that one', () => {
    expect(of.table.certificateIssuers.map((value) => Buffer.from(value))).to.deep.equal([
      names('urn:a'),
      names('urn:b'),
    ]);
    expect(find(of, '05', [0])).to.have.length(1);
    expect(find(of, '05', [1])).to.have.length(1);
    expect(find(of, '05', [2])).to.have.length(0);
    expect(find(of, '03', [2])).to.have.length(1);
    expect(find(of, '02', [1])).to.have.length(1);
    expect(find(of, '02', [0, 2])).to.have.length(0);
  });
});
