import { expect } from 'chai';
import { canonicalJson } from '../../src/audit/canonical-json.ts';

describe('RFC 8785: JSON Canonicalization Scheme', () => {
  it('3.2.1, 3.2.3: no white space, members in order, at every depth', () => {
    expect(canonicalJson({ b: [3, { d: 1, c: 2 }], a: null })).to.equal('{"a":null,"b":[3,{"c":2,"d":1}]}');
  });

  it('3.2.3: members in the order of their UTF-16 code units', () => {
    // The names of the RFC's example, in its order.
    const names = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'];
    const object = Object.fromEntries([...names].reverse().map((name) => [name, 0]));
    expect(Object.keys(JSON.parse(canonicalJson(object)))).to.have.members(names);
    expect(canonicalJson(object)).to.equal(`{${names.map((name) => `${JSON.stringify(name)}:0`).join(',')}}`);
  });

  it('3.2.2.2: control characters are escaped in the short form where there is one, other characters stand as they are', () => {
    expect(canonicalJson('\u20ac$\u000f\nA\'B"\\\\"/ فاطمة')).to.equal('"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/ فاطمة"');
  });

  it('3.2.2.3, Appendix B: numbers', () => {
    const numbers: [number, string][] = [
      [0, '0'],
      [-0, '0'],
      [5e-324, '5e-324'],
      [9007199254740992, '9007199254740992'],
      [1e21, '1e+21'],
      [333333333.3333333, '333333333.3333333'],
      [0.000001, '0.000001'],
      [9.999999999999997e-7, '9.999999999999997e-7'],
    ];
    for (const [number, text] of numbers) expect(canonicalJson(number)).to.equal(text);
  });

  it('a member without a value is absent, as JSON.stringify has it', () => {
    expect(canonicalJson({ a: undefined, b: true })).to.equal('{"b":true}');
  });

  it('a text reads back as the value', () => {
    const value = { type: 'x', list: [1, 'a', null, { deep: [] }], empty: {} };
    expect(JSON.parse(canonicalJson(value))).to.deep.equal(value);
  });

  it('3.2.2.2: a lone surrogate is refused, in a text and in a name', () => {
    expect(canonicalJson('\ud83d\ude00')).to.equal('"\ud83d\ude00"');
    expect(() => canonicalJson('\ud83d')).to.throw(TypeError);
    expect(() => canonicalJson({ '\ude00': 1 })).to.throw(TypeError);
  });

  it('what JSON cannot carry is refused', () => {
    const values = [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1n,
      () => 1,
      Symbol('s'),
      new Date(0),
      new Map(),
      [undefined],
    ];
    for (const value of values) expect(() => canonicalJson(value)).to.throw(TypeError);
  });
});
