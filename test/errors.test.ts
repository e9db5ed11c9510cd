import { expect } from 'chai';
import {
  CertificateError,
  CODES,
  ConfigurationError,
  EvidenceError,
  IdentityError,
  OnboardingError,
  RevocationError,
  ServiceError,
  ThiqaError,
} from '../src/errors.ts';

describe('the table of codes', () => {
  const codes = Object.values(CODES).flatMap((table) => Object.keys(table));

  it('has each code once, across all kinds', () => expect(new Set(codes)).to.have.lengthOf(codes.length));

  it('writes codes in capitals', () => {
    for (const code of codes) expect(code).to.match(/^[A-Z]+(_[A-Z0-9]+)*$/);
  });

  it('has a sentence for each', () => {
    for (const sentence of Object.values(CODES).flatMap((table) => Object.values<string>(table))) {
      expect(sentence).to.match(/^[A-Z].{20,}\.$/s);
    }
  });
});

describe('an error', () => {
  const errors = [
    new EvidenceError('CARD_NOT_PRESENTED', 'seen'),
    new CertificateError('CERT_EXPIRED', 'seen'),
    new RevocationError('CERT_REVOKED', 'seen'),
    new IdentityError('ATTRIBUTE_MISSING', 'seen'),
    new OnboardingError('PORTAL_EXISTS', 'seen'),
    new ConfigurationError('CONFIG_INVALID', 'seen'),
    new ServiceError('INTERNAL', 'seen'),
  ] as const;

  for (const error of errors) {
    it(`${error.constructor.name} has its name, its kind, a code of that kind, and its message`, () => {
      expect(error).to.be.instanceOf(ThiqaError);
      expect(error).to.be.instanceOf(Error);
      expect(error.name).to.equal(error.constructor.name);
      expect(error.message).to.equal('seen');
      expect(Object.keys(CODES[error.kind])).to.include(error.code);
    });
  }

  it('every kind of the table has a class', () => {
    expect(new Set(errors.map(({ kind }) => kind))).to.deep.equal(new Set(Object.keys(CODES)));
  });

  it('keeps its cause; without one it has none', () => {
    const cause = new RangeError('x');
    expect(new ServiceError('INTERNAL', 'seen', { cause })).to.have.property('cause', cause);
    expect(new ServiceError('INTERNAL', 'seen')).to.not.have.own.property('cause');
  });

  it('keeps a copy of its detail, frozen; without one it is empty', () => {
    const detail = { depth: 1 };
    const error = new CertificateError('CERT_EXPIRED', 'seen', { detail });
    detail.depth = 2;
    expect(error.detail).to.deep.equal({ depth: 1 }).and.to.be.frozen;
    expect(new CertificateError('CERT_EXPIRED', 'seen').detail).to.deep.equal({});
  });
});
