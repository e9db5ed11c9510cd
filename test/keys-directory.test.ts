import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigurationError } from '../src/errors.ts';
import { generateKeys, nextStoreKey, readFirstKeys, readKeys } from '../src/keys-directory.ts';
import { expectRefusal } from './support/refusal.ts';

const FILES = ['cookie.keys.json', 'signing.jwks.json', 'store.key', 'subject.key'];
/** Read at every start, and not only at the first. */
const ALWAYS_READ = ['store.key', 'subject.key'];

describe('the keys directory', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'thiqa-keys-'));
    await generateKeys(directory);
  });
  afterEach(() => rm(directory, { recursive: true }));

  const write = (name: string, text: string): Promise<void> => writeFile(join(directory, name), text);
  const readAll = () => ({ ...readKeys(directory), ...readFirstKeys(directory) });
  const refuse = (code: 'KEYS_MISSING' | 'CONFIG_INVALID') => expectRefusal(readAll, ConfigurationError, code);

  it('holds four files that only their owner may read', async () => {
    expect((await readdir(directory)).sort()).to.deep.equal(FILES);
    for (const name of FILES) expect((await stat(join(directory, name))).mode & 0o777, name).to.equal(0o600);
  });

  it('is made when it is absent, closed to others', async () => {
    const inner = join(directory, 'a', 'b');
    expect([...(await generateKeys(inner))].sort()).to.deep.equal(FILES);
    expect((await stat(inner)).mode & 0o777).to.equal(0o700);
  });

  it('what was generated can be read: an ES256 key with a thumbprint, a cookie key, two keys of 32 octets', () => {
    const keys = readAll();
    expect(keys.signing).to.have.lengthOf(1);
    expect(keys.signing[0]).to.include({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
    expect(keys.signing[0]?.kid).to.match(/^[\w-]{43}$/);
    expect(keys.cookies).to.have.lengthOf(1);
    expect(keys.subjectKey.symmetricKeySize).to.equal(32);
    expect(keys.storeKey.symmetricKeySize).to.equal(32);
    expect(keys.storeKey.equals(keys.subjectKey)).to.equal(false);
  });

  it('a store key that is to come is made once, for its owner alone, and is another one', async () => {
    const file = join(directory, 'store.key.next');
    const made = nextStoreKey(file);
    expect(made.equals(readKeys(directory).storeKey)).to.equal(false);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    const content = await readFile(file);
    expect(nextStoreKey(file).equals(made)).to.equal(true);
    expect(await readFile(file)).to.deep.equal(content);
  });

  it('a store key that is to come is refused where it is not of its form, or cannot be kept', async () => {
    await write('partial', 'AAAA');
    await expectRefusal(() => nextStoreKey(join(directory, 'partial')), ConfigurationError, 'CONFIG_INVALID');
    expect(await readFile(join(directory, 'partial'), 'utf8')).to.equal('AAAA');
    for (const place of [join(directory, 'absent', 'key'), join(directory, 'partial', 'key'), directory]) {
      await expectRefusal(() => nextStoreKey(place), ConfigurationError, 'KEYS_MISSING');
    }
  });

  it('two directories have nothing in common', async () => {
    const other = join(directory, 'other');
    await generateKeys(other);
    expect(readKeys(other).subjectKey.equals(readKeys(directory).subjectKey)).to.equal(false);
    expect(readKeys(other).storeKey.equals(readKeys(directory).storeKey)).to.equal(false);
    expect(readFirstKeys(other).cookies).to.not.deep.equal(readFirstKeys(directory).cookies);
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

  it('the files of the keys that sign may be absent once they were taken over', async () => {
    for (const name of FILES.filter((name) => !ALWAYS_READ.includes(name))) await rm(join(directory, name));
    expect(readKeys(directory).storeKey.symmetricKeySize).to.equal(32);
  });

  const secret = (octets: number): string => Buffer.alloc(octets, 7).toString('base64url');
  for (const [name, member] of [
    ['subject.key', 'subjectKey'],
    ['store.key', 'storeKey'],
  ] as const) {
    it(`${name}: 32 octets, with or without a line end`, async () => {
      for (const text of [secret(32), `${secret(32)}\n`]) {
        await write(name, text);
        expect(readKeys(directory)[member].export()).to.deep.equal(Buffer.alloc(32, 7));
      }
    });
    for (const octets of [31, 33]) {
      it(`${name}: ${octets} octets are refused`, async () => {
        await write(name, secret(octets));
        await refuse('CONFIG_INVALID');
      });
    }
  }

  it('store.key: the environment has it in place of the file, and is held to the same', async () => {
    await rm(join(directory, 'store.key'));
    expect(readKeys(directory, secret(32)).storeKey.export()).to.deep.equal(Buffer.alloc(32, 7));
    await expectRefusal(() => readKeys(directory, secret(31)), ConfigurationError, 'CONFIG_INVALID');
  });

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
    expect(readFirstKeys(directory).signing.map(({ kid }) => kid)).to.deep.equal(['k', 'l']);
  });
  for (const [fault, value] of Object.entries(refusedSets)) {
    it(`signing.jwks.json: ${fault} is refused`, async () => {
      await write('signing.jwks.json', JSON.stringify(value));
      await refuse('CONFIG_INVALID');
    });
  }

  it('cookie.keys.json: keys of 40 characters or more, the newest first', async () => {
    await write('cookie.keys.json', JSON.stringify(['n'.repeat(40), 'o'.repeat(40)]));
    expect(readFirstKeys(directory).cookies).to.deep.equal(['n'.repeat(40), 'o'.repeat(40)]);
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
