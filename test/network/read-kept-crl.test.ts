import { createSecretKey } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { certificateIssuer, issuingDistributionPoint } from '../../src/demo/crl-extensions.ts';
import { RevocationError } from '../../src/errors.ts';
import { lockCrlIndex } from '../../src/network/crl-index-lock.ts';
import type { CrlExpectations } from '../../src/network/read-crl.ts';
import { type KeptCrl, readKeptCrl } from '../../src/network/read-kept-crl.ts';
import { Crl } from '../../src/pki/crl.ts';
import { type CrlChanges, createTestAuthority, issueTestCrl, pemOf } from '../support/authority.ts';
import { parse } from '../support/path.ts';
import { expectRefusal } from '../support/refusal.ts';

const { root, issuing } = createTestAuthority();
const issuer = parse(issuing);
const KEY = createSecretKey(Buffer.alloc(32, 1));
const listed = Buffer.from('40aabbcc', 'hex');
const others = Array.from({ length: 50 }, (_, index) => ({ serialNumber: Buffer.from([0x50, index]) }));
const crl = (changes: CrlChanges = {}): Buffer =>
  issueTestCrl(issuing, { revoked: [...others, { serialNumber: listed, reason: 'keyCompromise' }], ...changes });

describe('the index of a CRL on disk', () => {
  let folder = '';
  let directory = { path: '', key: KEY };
  let file = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'thiqa-index-'));
    directory = { path: join(folder, 'crl-index'), key: KEY };
    file = join(folder, 'issuing.crl');
    await writeFile(file, crl());
  });
  afterEach(() => rm(folder, { recursive: true }));

  const expecting = (changes: Partial<CrlExpectations> = {}): CrlExpectations => ({
    source: file,
    issuers: [issuer],
    algorithms: 'default',
    maximumOctets: 1024 * 1024,
    ...changes,
  });
  const read = (content: string | Uint8Array = file, changes: Partial<CrlExpectations> = {}): Promise<KeptCrl> =>
    readKeptCrl(content, expecting(changes), directory);
  const reasons = ({ parts }: KeptCrl): readonly string[] =>
    new Crl(parts).entriesFor(issuer.subject, listed.toString('hex')).map(({ reason }) => reason);
  const indexes = async (): Promise<readonly string[]> =>
    (await readdir(directory.path)).filter((name) => name.endsWith('.index'));
  const indexFile = async (): Promise<string> => join(directory.path, (await indexes())[0] ?? 'none');

  it('is made once, and says the same when it is read', async () => {
    const made = await read();
    expect(made.index).to.equal('made');
    const kept = await read();
    expect(kept.index).to.equal('kept');
    expect(kept.parts).to.deep.equal(made.parts);
    expect(reasons(kept)).to.deep.equal(['keyCompromise']);
    expect(kept.parts).not.to.have.property('signedOctets');
  });

  it('keeps what an indirect CRL says of the certificates of others', async () => {
    const list = crl({
      extensions: { scope: issuingDistributionPoint({ indirectCRL: true }) },
      revoked: [{ serialNumber: listed, moreExtensions: [certificateIssuer([{ directory: root.name }])] }],
    });
    const made = await read(list);
    const kept = await read(list);
    expect([made.index, kept.index]).to.deep.equal(['made', 'kept']);
    expect(kept.parts).to.deep.equal(made.parts);
    expect(reasons(kept)).to.deep.equal([]);
    expect(new Crl(kept.parts).entriesFor(parse(root).subject, listed.toString('hex'))).to.have.length(1);
  });

  it('is for this account alone', async () => {
    await read();
    expect((await stat(directory.path)).mode & 0o777).to.equal(0o700);
    expect((await stat(await indexFile())).mode & 0o777).to.equal(0o600);
  });

  it('serves octets that were fetched, and PEM', async () => {
    const pem = Buffer.from(pemOf(crl(), 'X509 CRL'));
    expect((await read(pem)).index).to.equal('made');
    const kept = await read(pem);
    expect(kept.index).to.equal('kept');
    expect(reasons(kept)).to.deep.equal(['keyCompromise']);
  });

  it('is made anew when the CRL changed, in the place of the old one', async () => {
    await read();
    await writeFile(file, crl({ number: 2, revoked: others }));
    const made = await read();
    expect(made.index).to.equal('made');
    expect(reasons(made)).to.deep.equal([]);
    expect(await indexes()).to.have.length(1);
    expect((await read()).index).to.equal('kept');
  });

  it('is bounded in number: those of places that nobody uses go first', async () => {
    const list = crl({ revoked: others });
    await read(list, { source: 'forgotten' });
    await utimes(await indexFile(), 1, 1);
    for (let place = 0; place < 31; place++) await read(list, { source: `place ${place}` });
    expect((await read(list, { source: 'forgotten' })).index).to.equal('kept');
    await read(list, { source: 'one more' });
    expect(await indexes()).to.have.length(32);
    expect((await read(list, { source: 'place 0' })).index).to.equal('kept');
    expect((await read(list, { source: 'forgotten' })).index).to.equal('made');
  });

  describe('counts only when it is what was written for this CRL', () => {
    const faults: readonly (readonly [string, (index: Buffer) => Buffer])[] = [
      ['truncated', (index) => index.subarray(0, -1)],
      ['empty', () => Buffer.alloc(0)],
      ['longer', (index) => Buffer.concat([index, Buffer.alloc(1)])],
      ['of another format', (index) => flipped(index, 'thiqa crl index '.length)],
      ['of another length of its description', (index) => flipped(index, 21)],
      ['altered in its description', (index) => flipped(index, 100)],
      ['altered in its table', (index) => flipped(index, index.length - 40)],
      ['altered in its HMAC', (index) => flipped(index, index.length - 1)],
    ];
    for (const [what, fault] of faults) {
      it(`not when it is ${what}`, async () => {
        await read();
        const path = await indexFile();
        await writeFile(path, fault(await readFile(path)));
        const made = await read();
        expect(made.index).to.equal('made');
        expect(reasons(made)).to.deep.equal(['keyCompromise']);
        expect((await read()).index).to.equal('kept');
      });
    }

    it('not when it was written by somebody who has not the key', async () => {
      await readKeptCrl(file, expecting(), { ...directory, key: createSecretKey(Buffer.alloc(32, 2)) });
      expect((await read()).index).to.equal('made');
    });

    it('not when it is the good index of another CRL under this name', async () => {
      const content = crl();
      await read(content);
      const name = await indexFile();
      // The list at the same place now says that nobody is revoked.
      await read(crl({ number: 2, revoked: others }));
      await rename(await indexFile(), name);
      const made = await read(content);
      expect(made.index).to.equal('made');
      expect(reasons(made)).to.deep.equal(['keyCompromise']);
    });

    it('not when it is larger than any index of a CRL within the limit', async () => {
      await read();
      const { size } = await stat(await indexFile());
      expect((await read(file, { maximumOctets: Math.ceil(size / 2) })).index).to.equal('kept');
      await expectRefusal(
        () => read(file, { maximumOctets: Math.floor(size / 2) - 1 }),
        RevocationError,
        'CRL_TOO_LARGE',
      );
    });
  });

  it('counts only while the key that verified the CRL is expected', async () => {
    await read();
    const stranger = parse(createTestAuthority().issuing);
    await expectRefusal(() => read(file, { issuers: [stranger] }), RevocationError, 'CRL_SIGNATURE_INVALID');
    expect((await read(file, { issuers: [stranger, issuer] })).index).to.equal('kept');
  });

  it('is not made of a CRL that is refused', async () => {
    await writeFile(file, crl({ issuerKey: createTestAuthority().issuing.keys.privateKey }));
    await expectRefusal(() => read(), RevocationError, 'CRL_SIGNATURE_INVALID');
    await writeFile(file, crl().subarray(0, -1));
    await expectRefusal(() => read(), RevocationError, 'CRL_MALFORMED');
    expect(await indexes()).to.deep.equal([]);
  });

  describe('while somebody else makes it', () => {
    it('is waited for: of many, one makes it', async () => {
      const unlock = await lockCrlIndex(directory, { source: file });
      const reading = [read(), read(), read()];
      unlock();
      const found = await Promise.all(reading);
      expect(found.map(({ index }) => index)).to.have.members(['made', 'kept', 'kept']);
      for (const one of found) expect(reasons(one)).to.deep.equal(['keyCompromise']);
    });

    it('is waited for no longer than the limit: then the CRL counts, and its index is not kept', async () => {
      const unlock = await lockCrlIndex(directory, { source: file });
      const unkept = await readKeptCrl(file, expecting(), directory, 0);
      expect(unkept.index).to.equal('not kept');
      expect(unkept.cause).to.be.instanceOf(Error);
      expect(reasons(unkept)).to.deep.equal(['keyCompromise']);
      expect(await indexes()).to.deep.equal([]);
      unlock();
      expect((await read()).index).to.equal('made');
    });

    it('delays no CRL of another place', async () => {
      const unlock = await lockCrlIndex(directory, { source: 'elsewhere' });
      expect((await readKeptCrl(file, expecting(), directory, 0)).index).to.equal('made');
      unlock();
    });
  });

  it('may be impossible to keep: the CRL counts all the same', async () => {
    await writeFile(directory.path, 'a file where the folder should be');
    const unkept = await read();
    expect(unkept.index).to.equal('not kept');
    expect(reasons(unkept)).to.deep.equal(['keyCompromise']);
  });

  it('that cannot be written leaves nothing half done behind', async () => {
    await read();
    const name = await indexFile();
    await rm(name);
    await mkdir(name);
    expect((await read()).index).to.equal('not kept');
    expect((await readdir(directory.path)).filter((entry) => entry.endsWith('.new'))).to.deep.equal([]);
  });
});

function flipped(octets: Buffer, at: number): Buffer {
  const copy = Buffer.from(octets);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
