import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigurationError } from '../src/errors.ts';
import { generateKeys, readKeys } from '../src/keys-directory.ts';
import { expectRefusal } from './support/refusal.ts';

const FILES = ['cookie.keys.json', 'signing.jwks.json', 'subject.key'];

describe('the keys directory', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'thiqa-keys-'));
    await generateKeys(directory);
  });
  afterEach(() => rm(directory, { recursive: true }));

  const write = (name: string, text: string): Promise<void> => writeFile(join(directory, name), text);
  const refuse = (code: 'KEYS_MISSING' | 'CONFIG_INVALID') =>
    expectRefusal(() => readKeys(directory), ConfigurationError, code);

  it('holds three files that only their owner may read', async () => {
    expect((await readdir(directory)).sort()).to.deep.equal(FILES);
    for (const name of FILES) expect((await stat(join(directory, name))).mode & 0o777, name).to.equal(0o600);
  });

  it('is made when it is absent, closed to others', async () => {
    const inner = join(directory, 'a', 'b');
    expect([...(await generateKeys(inner))].sort()).to.deep.equal(FILES);
    expect((await stat(inner)).mode & 0o777).to.equal(0o700);
  });

  it('what was generated can be read: an ES256 key with a thumbprint, a cookie key, a subject key of 32 octets', () => {
    const keys = readKeys(directory);
    expect(keys.signingKeys.keys).to.have.lengthOf(1);
    expect(keys.signingKeys.keys[0]).to.include({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
    expect(keys.signingKeys.keys[0]?.kid).to.match(/^[\w-]{43}$/);
    expect(keys.cookieKeys).to.have.lengthOf(1);
    expect(keys.subjectKey.symmetricKeySize).to.equal(32);
  });

  it('two directories have nothing in common', async () => {
    const other = join(directory, 'other');
    await generateKeys(other);
    expect(readKeys(other).subjectKey.equals(readKeys(directory).subjectKey)).to.equal(false);
    expect(readKeys(other).cookieKeys).to.not.deep.equal(readKeys(directory).cookieKeys);
  });

  it('generating again replaces nothing', async () => {
    const contents = () => Promise.all(FILES.map((name) => readFile(join(directory, name), 'utf8')));
    const first = await contents();
    expect(await generateKeys(directory)).to.deep.equal([]);
    expect(await contents()).to.deep.equal(first);
  });

  for (const name of FILES) {
    it(`${name}: generating makes it when it alone is absent`, async () => {
      await rm(join(directory, name));
      expect(await generateKeys(directory)).to.deep.equal([name]);
    });

    it(`${name}: absent stops the start, and the error says which file`, async () => {
      await rm(join(directory, name));
      expect((await refuse('KEYS_MISSING')).message).to.include(name);
    });

    it(`${name}: empty is not of its form`, async () => {
      await write(name, '');
      expect((await refuse('CONFIG_INVALID')).message).to.include(name);
    });

    it(`${name}: a folder of that name is no key`, async () => {
      await rm(join(directory, name));
      await generateKeys(join(directory, name));
      await refuse('KEYS_MISSING');
    });
  }

  const subject = (octets: number): string => Buffer.alloc(octets, 7).toString('base64url');
  it('subject.key: 32 octets, with or without a line end', async () => {
    for (const text of [subject(32), `${subject(32)}\n`]) {
      await write('subject.key', text);
      expect(readKeys(directory).subjectKey.symmetricKeySize).to.equal(32);
    }
  });
  for (const octets of [31, 33]) {
    it(`subject.key: ${octets} octets are refused`, async () => {
      await write('subject.key', subject(octets));
      await refuse('CONFIG_INVALID');
    });
  }

  const jwk = { kty: 'EC', crv: 'P-256', d: 'd', kid: 'k', alg: 'ES256' };
  const refusedSets: Readonly<Record<string, unknown>> = {
    'no key': { keys: [] },
    'no set': [jwk],
    'a public key': { keys: [{ ...jwk, d: undefined }] },
    'another algorithm': { keys: [{ ...jwk, alg: 'ES384' }] },
    'another curve': { keys: [{ ...jwk, crv: 'P-384' }] },
    'a key without identifier': { keys: [{ ...jwk, kid: undefined }] },
  };
  it('signing.jwks.json: private P-256 keys for ES256', async () => {
    await write('signing.jwks.json', JSON.stringify({ keys: [jwk, { ...jwk, kid: 'l' }] }));
    expect(readKeys(directory).signingKeys.keys.map(({ kid }) => kid)).to.deep.equal(['k', 'l']);
  });
  for (const [fault, value] of Object.entries(refusedSets)) {
    it(`signing.jwks.json: ${fault} is refused`, async () => {
      await write('signing.jwks.json', JSON.stringify(value));
      await refuse('CONFIG_INVALID');
    });
  }

  it('cookie.keys.json: keys of 40 characters or more, the newest first', async () => {
    await write('cookie.keys.json', JSON.stringify(['n'.repeat(40), 'o'.repeat(40)]));
    expect(readKeys(directory).cookieKeys).to.deep.equal(['n'.repeat(40), 'o'.repeat(40)]);
    for (const value of [['n'.repeat(39)], [], 'n'.repeat(40), [40]]) {
      await write('cookie.keys.json', JSON.stringify(value));
      await refuse('CONFIG_INVALID');
    }
  });

  it('an error never quotes a key', async () => {
    await write('signing.jwks.json', '{"keys": [{"d": "SECRET",}]}');
    const error = await refuse('CONFIG_INVALID');
    expect(`${error.message}${JSON.stringify(error.detail)}${String(error.cause)}`).to.not.include('SECRET');
  });
});
