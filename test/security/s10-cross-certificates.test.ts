import { expect } from 'chai';
import { generateKeys, type KeyType } from '../../src/demo/signing.ts';
import { CertificateError } from '../../src/errors.ts';
import type { Certificate } from '../../src/pki/certificate.ts';
import { findValidPath } from '../../src/pki/path-validation.ts';
import { AT, createTestAuthority, daysFromAt, issueTestCa, issueTestCard } from '../support/authority.ts';
import { measureCpu } from '../support/cpu-time.ts';
import { anchorOf, parse } from '../support/path.ts';

const MILLISECONDS = 200;
const SIZE = 20;

/** SIZE CAs that certify each other: all pairs for which `certifies` holds. */
function createMesh(keyType: KeyType, certifies: (issuer: number, subject: number) => boolean) {
  const cas = Array.from({ length: SIZE }, (_, index) => {
    const subject = [{ type: 'commonName', value: `Thiqa test CA ${index}` }];
    const keys = generateKeys(keyType);
    return { subject, keys, itself: issueTestCa({ ...root, keys }, { subject, keys }) };
  });
  const [first] = cas;
  if (!first) throw new TypeError('a mesh has a CA');
  return {
    /** What leads from the CA at `index` to the anchor. */
    wayUp(index: number, changes: Parameters<typeof issueTestCa>[1] = {}) {
      const ca = cas[index];
      if (!ca) throw new TypeError('a mesh has CAs');
      return issueTestCa(root, { subject: ca.subject, keys: ca.keys, ...changes });
    },
    /** Certificates that nobody has seen: a card, and each link of the mesh. */
    issue() {
      const links = cas.flatMap((issuer, from) =>
        cas.flatMap(({ subject, keys }, to) =>
          certifies(from, to) ? [issueTestCa(issuer.itself, { subject, keys })] : [],
        ),
      );
      return { leaf: issueTestCard(first.itself), links };
    },
  };
}

const { root, issuing } = createTestAuthority();
const inCycle = (from: number, to: number): boolean => (from + 1) % SIZE === to || (to + 1) % SIZE === from;
const inMesh = (from: number, to: number): boolean => from !== to;

type Mesh = ReturnType<typeof createMesh>;

/** The code of the answer, and what it cost. @param ways certificates beside those of the mesh */
function ask(mesh: Mesh, ...ways: readonly { readonly certificate: Uint8Array }[]) {
  const prepare = () => {
    const { leaf, links } = mesh.issue();
    return { leaf: parse(leaf), intermediates: [...links, ...ways].map(parse) };
  };
  const { result: code, cpuMilliseconds } = measureCpu(prepare, codeOfSearch);
  return { code, cpuMilliseconds };
}

function codeOfSearch({ leaf, intermediates }: { leaf: Certificate; intermediates: readonly Certificate[] }): string {
  try {
    findValidPath(leaf, { at: AT, purpose: 'clientAuth', intermediates, anchors: [anchorOf(root)] });
    return 'valid';
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return error.code;
  }
}

describe('S10: loops of cross-certificates', () => {
  it(`a cycle of ${SIZE} without an anchor has an answer at once`, () => {
    const { code, cpuMilliseconds } = ask(createMesh('P-256', inCycle));
    expect(code).to.equal('CERT_ISSUER_UNKNOWN');
    expect(cpuMilliseconds).to.be.lessThan(MILLISECONDS);
  });

  it(`a cycle of ${SIZE} that leads to an anchor is found through`, () => {
    const mesh = createMesh('P-256', inCycle);
    const { code, cpuMilliseconds } = ask(mesh, mesh.wayUp(SIZE / 2));
    expect(code).to.equal('valid');
    expect(cpuMilliseconds).to.be.lessThan(MILLISECONDS);
  });

  it('a mesh of all pairs all of whose paths are too long ends within its bounds', () => {
    const mesh = createMesh('P-384', inMesh);
    // Of the ways out of the mesh each is refused for what lies below it, so none can be struck out.
    const { code, cpuMilliseconds } = ask(mesh, mesh.wayUp(SIZE - 1, { pathLength: 0 }));
    expect(code).to.equal('CERT_PATH_SEARCH_EXCEEDED');
    expect(cpuMilliseconds).to.be.lessThan(MILLISECONDS);
  }).timeout(60_000);

  it('a mesh of all pairs, none of whose paths is valid, ends within its bounds', () => {
    const mesh = createMesh('P-384', inMesh);
    // The only way out of the mesh has expired.
    const { code, cpuMilliseconds } = ask(mesh, mesh.wayUp(SIZE - 1, { notAfter: daysFromAt(-1) }));
    expect(code).to.equal('CERT_EXPIRED');
    expect(cpuMilliseconds).to.be.lessThan(MILLISECONDS);
  }).timeout(60_000);

  it('many certificates of one CA, none of them valid, end within its bounds', () => {
    const keys = generateKeys();
    const leaf = issueTestCard({ ...issuing, keys });
    const expired = Array.from({ length: 1_000 }, () => issueTestCa(root, { keys, notAfter: daysFromAt(-1) }));
    const prepare = () => ({ leaf: parse(leaf), intermediates: expired.map(parse) });
    const { result: code, cpuMilliseconds } = measureCpu(prepare, codeOfSearch);
    expect(code).to.equal('CERT_PATH_SEARCH_EXCEEDED');
    expect(cpuMilliseconds).to.be.lessThan(MILLISECONDS);
  }).timeout(60_000);
});
