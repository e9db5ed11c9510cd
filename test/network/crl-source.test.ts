import { createSecretKey } from 'node:crypto';
import { mkdtemp, readdir, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { issuingDistributionPoint } from '../../src/demo/crl-extensions.ts';
import { ServiceError } from '../../src/errors.ts';
import { type CrlSource, type CrlSourceOptions, createCrlSource, type Schedule } from '../../src/network/crl-source.ts';
import type { Fetched, FetchRequest } from '../../src/network/guarded-fetch.ts';
import { parseCertificate } from '../../src/pki/certificate.ts';
import { decideRevocation } from '../../src/pki/revocation.ts';
import { createTrustAnchor } from '../../src/pki/trust-anchor.ts';
import {
  AT,
  type CrlChanges,
  createTestAuthority,
  daysFromAt,
  issueTestCard,
  issueTestCrl,
  pemOf,
} from '../support/authority.ts';
import { inBrief, pathOf } from '../support/revocation.ts';

const authority = createTestAuthority();
const { root, issuing } = authority;
const card = issueTestCard(issuing);
const path = pathOf(card, authority);
const listed = [{ serialNumber: card.serialNumber, reason: 'keyCompromise' }] as const;
const crl = (number: number, changes: CrlChanges = {}): Buffer =>
  issueTestCrl(issuing, { number, thisUpdate: new Date(daysFromAt(-1).getTime() + number * 1000), ...changes });

describe('the CRLs of the configuration', () => {
  let folder = '';
  let rootFile = '';
  let file = '';
  let sources: CrlSource[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'thiqa-crl-'));
    rootFile = join(folder, 'root.crl');
    file = join(folder, 'issuing.crl');
    await writeFile(rootFile, issueTestCrl(root));
    sources = [];
  });
  afterEach(async () => {
    for (const source of sources) source.close();
    await rm(folder, { recursive: true });
  });

  function open(locations: readonly string[], changes: Partial<CrlSourceOptions> = {}): CrlSource {
    const source = createCrlSource({
      locations,
      anchors: [createTrustAnchor(parseCertificate(root.certificate))],
      intermediates: [parseCertificate(issuing.certificate)],
      allowedHosts: [],
      privateHosts: [],
      clock: () => AT,
      schedule: () => () => undefined,
      ...changes,
    });
    sources.push(source);
    return source;
  }

  const status = async (source: CrlSource, at = AT): Promise<string> =>
    inBrief(decideRevocation(path, await source.evidenceFor(path, at), { at }));

  describe('in a file', () => {
    /** A new file in the place of the old one, as whoever delivers CRLs should do it. */
    const replaceFile = async (content: Uint8Array): Promise<void> => {
      await writeFile(`${file}.new`, content);
      await rename(`${file}.new`, file);
    };

    it('is read, in DER and in PEM', async () => {
      await writeFile(file, crl(1));
      expect(await status(open([rootFile, file]))).to.equal('good');
      await writeFile(file, pemOf(crl(1), 'X509 CRL'));
      expect(await status(open([rootFile, file]))).to.equal('good');
    });

    it('counts at once when it changed: a card revoked today is refused today', async () => {
      await writeFile(file, crl(1));
      const source = open([rootFile, file]);
      expect(await status(source)).to.equal('good');
      await replaceFile(crl(2, { revoked: listed }));
      expect(await status(source)).to.equal('revoked keyCompromise');
    });

    it('is waited for by each of those who ask while it is read', async () => {
      await writeFile(file, crl(1));
      const source = open([rootFile, file]);
      const first = await Promise.all(Array.from({ length: 10 }, () => status(source)));
      expect(first).to.have.members(Array(10).fill('good'));
      await replaceFile(crl(2, { revoked: listed }));
      const second = await Promise.all(Array.from({ length: 10 }, () => status(source)));
      expect(second).to.have.members(Array(10).fill('revoked keyCompromise'));
    });

    it('is unavailable while it is absent, and read when it comes', async () => {
      const source = open([rootFile, file]);
      expect(await status(source)).to.equal('REVOCATION_UNAVAILABLE');
      await writeFile(file, crl(1));
      expect(await status(source)).to.equal('good');
    });

    it('does not come back older after one of another scope', async () => {
      const scoped = { scope: issuingDistributionPoint({ onlyContainsCACerts: true }) };
      await writeFile(file, crl(5, { revoked: listed }));
      const source = open([rootFile, file]);
      expect(await status(source)).to.equal('revoked keyCompromise');
      await replaceFile(crl(2, { extensions: scoped }));
      expect(await status(source)).to.equal('CRL_SCOPE_MISMATCH');
      await replaceFile(crl(1));
      expect(await status(source)).to.not.equal('good');
      expect(source.states[1]).to.include({ failure: 'CRL_OLDER' });
      await replaceFile(crl(6));
      expect(await status(source)).to.equal('good');
    });

    it('that is current does not give way to one of another scope that is past its nextUpdate', async () => {
      const scoped = { scope: issuingDistributionPoint({ onlyContainsCACerts: true }) };
      await writeFile(file, crl(5));
      const source = open([rootFile, file]);
      expect(await status(source)).to.equal('good');
      await replaceFile(crl(2, { extensions: scoped, thisUpdate: daysFromAt(-3), nextUpdate: daysFromAt(-2) }));
      expect(await status(source)).to.equal('good');
      expect(source.states[1]).to.include({ failure: 'CRL_OLDER' });
      await replaceFile(crl(6, { thisUpdate: daysFromAt(-0.5), nextUpdate: daysFromAt(-0.25) }));
      expect(await status(source)).to.equal('REVOCATION_STALE');
    });

    it('says nothing once it is taken away, and no older one comes back in its place', async () => {
      await writeFile(file, crl(2));
      const source = open([rootFile, file]);
      expect(await status(source)).to.equal('good');
      await unlink(file);
      expect(await status(source)).to.equal('REVOCATION_UNAVAILABLE');
      await writeFile(file, crl(1, { revoked: listed }));
      await status(source);
      expect(source.states[1]?.failure).to.equal('CRL_OLDER');
      await replaceFile(crl(3));
      expect(await status(source)).to.equal('good');
    });

    it('is stale past its end, not revoked', async () => {
      await writeFile(file, crl(1, { nextUpdate: daysFromAt(-0.5), revoked: listed }));
      expect(await status(open([rootFile, file]))).to.equal('REVOCATION_STALE');
    });

    const faults: readonly (readonly [string, () => Buffer, string])[] = [
      ['truncated', () => crl(2).subarray(0, -10), 'CRL_MALFORMED'],
      ['empty', () => Buffer.alloc(0), 'CRL_MALFORMED'],
      ['forged', () => crl(2, { issuerKey: createTestAuthority().issuing.keys.privateKey }), 'CRL_SIGNATURE_INVALID'],
      [
        'of another CA of the same name',
        () => issueTestCrl(createTestAuthority().issuing, { number: 2 }),
        'CRL_SIGNATURE_INVALID',
      ],
      ['older by its number', () => crl(0, { thisUpdate: daysFromAt(-0.5) }), 'CRL_OLDER'],
      ['older by its date', () => crl(2, { thisUpdate: daysFromAt(-2) }), 'CRL_OLDER'],
      ['from the future', () => crl(2, { thisUpdate: daysFromAt(1) }), 'CRL_NOT_YET_VALID'],
    ];
    for (const [what, fault, code] of faults) {
      it(`never replaces a good one when it is ${what}`, async () => {
        await writeFile(file, crl(1, { revoked: listed }));
        const source = open([rootFile, file]);
        expect(await status(source)).to.equal('revoked keyCompromise');
        await replaceFile(fault());
        expect(await status(source)).to.equal('revoked keyCompromise');
        expect(source.states[1]?.failure).to.equal(code);
        await replaceFile(crl(3));
        expect(await status(source)).to.equal('good');
        expect(source.states[1]?.failure).to.equal(undefined);
      });
    }

    it('gives its code while no good one is held', async () => {
      await writeFile(file, crl(1, { thisUpdate: daysFromAt(1) }));
      const source = open([rootFile, file]);
      expect(await status(source)).to.equal('CRL_NOT_YET_VALID');
    });

    it('becomes valid when its time has come, although the file did not change', async () => {
      await writeFile(file, crl(1, { thisUpdate: daysFromAt(1) }));
      let now = AT;
      const source = open([rootFile, file], { clock: () => now });
      expect(await status(source)).to.equal('CRL_NOT_YET_VALID');
      now = daysFromAt(1);
      expect(await status(source, now)).to.equal('good');
    });

    it('is refused above the limit of size', async () => {
      const list = crl(1);
      await writeFile(file, list);
      expect(await status(open([rootFile, file], { maximumOctets: list.length }))).to.equal('good');
      expect(await status(open([rootFile, file], { maximumOctets: list.length - 1 }))).to.equal('CRL_TOO_LARGE');
    });

    const many = Array.from({ length: 14_000 }, (_, index) => ({
      serialNumber: Buffer.from((0x40000000 + index * 7).toString(16), 'hex'),
    }));

    it('is read in a worker when it is large, with the same results', async () => {
      await writeFile(file, crl(1, { revoked: many }));
      const source = open([rootFile, file]);
      expect(await status(source)).to.equal('good');
      expect(source.states[1]?.entries).to.equal(14_000);
      await replaceFile(
        crl(2, { revoked: [...many, ...listed], issuerKey: createTestAuthority().issuing.keys.privateKey }),
      );
      await source.refresh();
      await replaceFile(crl(2, { revoked: [...many, ...listed] }));
      // The list that is held is current, so nobody waits for the worker; the source does when it is asked to.
      await status(source);
      await replaced(source, 14_001);
      expect(await status(source)).to.equal('revoked keyCompromise');
    });

    it('is indexed once for every start and every process, when it is large', async () => {
      const indexDirectory = { path: join(folder, 'crl-index'), key: createSecretKey(Buffer.alloc(32, 1)) };
      await writeFile(file, crl(1, { revoked: [...many, ...listed] }));
      expect(await status(open([rootFile, file], { indexDirectory }))).to.equal('revoked keyCompromise');
      const index = async () => {
        const [name = ''] = (await readdir(indexDirectory.path)).filter((entry) => entry.endsWith('.index'));
        return stat(join(indexDirectory.path, name), { bigint: true });
      };
      const { ino, mtimeNs } = await index();
      const next = open([rootFile, file], { indexDirectory });
      expect(await status(next)).to.equal('revoked keyCompromise');
      expect(next.states[1]?.entries).to.equal(14_001);
      expect(await index()).to.include({ ino, mtimeNs });
    });

    it('counts although its index cannot be kept, which is reported', async () => {
      const indexDirectory = { path: rootFile, key: createSecretKey(Buffer.alloc(32, 1)) };
      await writeFile(file, crl(1, { revoked: many }));
      const reports: string[] = [];
      const source = open([rootFile, file], {
        indexDirectory,
        report: ({ source: place, outcome }) => void (place === file && reports.push(outcome)),
      });
      expect(await status(source)).to.equal('good');
      expect(reports).to.deep.equal(['index-not-kept', 'replaced']);
    });
  });

  describe('at an address', () => {
    const address = 'http://crl.thiqa.example/issuing.crl';

    /** A server of one CRL, and a clockwork that runs when the test says so. */
    function serve(first: Buffer | ServiceError) {
      const server = {
        answer: first as Buffer | ServiceError | Promise<Fetched>,
        requests: [] as FetchRequest[],
        pauses: [] as number[],
      };
      const tasks: (() => void)[] = [];
      const schedule: Schedule = (task, milliseconds) => {
        server.pauses.push(milliseconds / 1000);
        tasks.push(task);
        return () => undefined;
      };
      const fetch = async (_: string, request: FetchRequest = {}): Promise<Fetched> => {
        server.requests.push(request);
        if (server.answer instanceof ServiceError) throw server.answer;
        if (server.answer instanceof Promise) return server.answer;
        const etag = `"${server.answer.length}"`;
        if (request.headers?.['if-none-match'] === etag) return { status: 304, headers: {}, body: Buffer.alloc(0) };
        return { status: 200, headers: { etag }, body: server.answer };
      };
      return { server, fetch, schedule, tick: () => tasks.shift()?.() };
    }
    const down = new ServiceError('FETCH_FAILED', 'down');

    it('is fetched, and fetched again within the interval', async () => {
      const { server, fetch, schedule, tick } = serve(crl(1));
      const source = open([rootFile, address], { fetch, schedule, refreshIntervalSeconds: 300 });
      expect(await status(source)).to.equal('good');
      expect(server.pauses[0]).to.be.within(270, 300);
      server.answer = crl(2, { revoked: listed });
      tick();
      await source.refresh();
      expect(await status(source)).to.equal('revoked keyCompromise');
    });

    it('is renewed ahead of its end, when that is sooner than the interval', async () => {
      const { server, fetch, schedule } = serve(
        crl(1, { thisUpdate: AT, nextUpdate: new Date(AT.getTime() + 1_000_000) }),
      );
      await status(open([rootFile, address], { fetch, schedule, refreshIntervalSeconds: 86_400 }));
      expect(server.pauses[0]).to.be.within(675, 750);
    });

    it('is asked for conditionally, and an unchanged one is kept', async () => {
      const list = crl(1);
      const { server, fetch, schedule } = serve(list);
      const source = open([rootFile, address], { fetch, schedule });
      await status(source);
      await source.refresh();
      expect(server.requests.map(({ headers }) => headers)).to.deep.equal([
        {},
        { 'if-none-match': `"${list.length}"` },
      ]);
      expect(await status(source)).to.equal('good');
    });

    it('is asked for again soon after a failure, with growing pauses', async () => {
      const { server, fetch, schedule, tick } = serve(down);
      const source = open([rootFile, address], { fetch, schedule, refreshIntervalSeconds: 60 });
      expect(await status(source)).to.equal('REVOCATION_UNAVAILABLE');
      for (let round = 1; round < 6; round++) {
        tick();
        await source.refresh();
        await Promise.resolve();
      }
      const expected = [5, 10, 20, 40, 60, 60];
      for (const [index, pause] of server.pauses.entries()) {
        const longest = expected[index] ?? 0;
        expect(pause).to.be.within(longest * 0.9, longest);
      }
      server.answer = crl(1);
      await source.refresh();
      expect(await status(source)).to.equal('good');
    });

    it('stays held while the server is down, until it ends', async () => {
      const { server, fetch, schedule } = serve(crl(1));
      const source = open([rootFile, address], { fetch, schedule });
      expect(await status(source)).to.equal('good');
      server.answer = down;
      await source.refresh();
      expect(await status(source)).to.equal('good');
      expect(await status(source, daysFromAt(8))).to.equal('REVOCATION_STALE');
    });

    it('delays no sign-in that another location covers, however slow it is', async () => {
      const { server, fetch, schedule } = serve(down);
      server.answer = new Promise(() => undefined);
      await writeFile(file, crl(1));
      expect(await status(open([rootFile, file, address], { fetch, schedule }))).to.equal('good');
    });

    it('reports each replacement and each new failure once', async () => {
      const { server, fetch, schedule } = serve(crl(1));
      const reports: string[] = [];
      const source = open([rootFile, address], {
        fetch,
        schedule,
        report: ({ source: place, outcome, code = '' }) =>
          reports.push(`${place === address ? 'address' : 'file'} ${outcome} ${code}`.trim()),
      });
      await status(source);
      server.answer = down;
      await source.refresh();
      await source.refresh();
      expect(reports).to.have.members(['file replaced', 'address replaced', 'address failed REVOCATION_UNAVAILABLE']);
    });
  });
});

/** Waits for a worker: each look gives the event loop a turn, and the runner's own limit ends it. */
async function replaced(source: CrlSource, entries: number): Promise<void> {
  while (source.states[1]?.entries !== entries) {
    await source.refresh();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
