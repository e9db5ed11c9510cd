import { createSecretKey, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { ServiceError } from '../src/errors.ts';
import { open, seal } from '../src/sealing.ts';
import { expectRefusal } from './support/refusal.ts';

const SECRET = randomBytes(32);
const CONTEXT = 'record\n1';
const VALUE = { givenName: [{ value: 'أمينة', language: 'ar' }], count: 1, none: null };

const sealed = seal(VALUE, SECRET, CONTEXT);
const broken = (step: () => unknown) => expectRefusal(step, ServiceError, 'SEAL_BROKEN');

describe('sealing', () => {
  it('what was sealed opens, with octets or a key object of the same octets', () => {
    expect(open(sealed, SECRET, CONTEXT)).to.deep.equal(VALUE);
    expect(open(sealed, createSecretKey(SECRET), CONTEXT)).to.deep.equal(VALUE);
  });

  it('hides the value', () => {
    expect(Buffer.from(sealed).includes('givenName')).to.equal(false);
    expect(Buffer.from(sealed).includes('أمينة')).to.equal(false);
  });

  it('the same value is sealed otherwise each time', () => {
    expect(Buffer.from(seal(VALUE, SECRET, CONTEXT)).equals(sealed)).to.equal(false);
  });

  it('another secret opens nothing', () => broken(() => open(sealed, randomBytes(32), CONTEXT)));
  it('another context opens nothing: a record cannot stand in the place of another', () =>
    broken(() => open(sealed, SECRET, 'record\n2')));

  it('a change of any octet is noticed: nonce, ciphertext, tag', async () => {
    for (let index = 0; index < sealed.length; index++) {
      const altered = Uint8Array.from(sealed);
      altered[index] = (altered[index] ?? 0) ^ 1;
      await broken(() => open(altered, SECRET, CONTEXT));
    }
  });

  it('a cut is noticed, down to nothing at all', async () => {
    for (const length of [sealed.length - 1, 29, 28, 27, 16, 12, 11, 1, 0]) {
      await broken(() => open(sealed.subarray(0, length), SECRET, CONTEXT));
    }
  });

  it('an addition is noticed', () => broken(() => open(Buffer.concat([sealed, Buffer.of(0)]), SECRET, CONTEXT)));
});
