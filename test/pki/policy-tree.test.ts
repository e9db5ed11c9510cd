import { expect } from 'chai';
import type { PolicyInformation, PolicyMapping } from '../../src/pki/certificate-extensions.ts';
import { ANY_POLICY, PolicyGraph } from '../../src/pki/policy-tree.ts';

const policies = (...oids: readonly string[]): readonly PolicyInformation[] =>
  oids.map((policyIdentifier) => ({ policyIdentifier, qualifiers: [] }));
const mappings = (...pairs: readonly (readonly [string, string])[]): readonly PolicyMapping[] =>
  pairs.map(([issuerDomainPolicy, subjectDomainPolicy]) => ({ issuerDomainPolicy, subjectDomainPolicy }));

interface Step {
  readonly has?: readonly string[] | undefined;
  readonly acceptAny?: boolean;
  readonly maps?: readonly (readonly [string, string])[];
  readonly mappingAllowed?: boolean;
}

/** The graph after certificates from the anchor down. */
function graphOf(...steps: readonly Step[]): PolicyGraph {
  const graph = new PolicyGraph();
  for (const { has, acceptAny = true, maps, mappingAllowed = true } of steps) {
    graph.addCertificate(has && policies(...has), acceptAny);
    if (maps) graph.applyMappings(mappings(...maps), mappingAllowed);
  }
  return graph;
}

const resultOf = (steps: readonly Step[], initial: readonly string[] = [ANY_POLICY]): readonly string[] =>
  [...graphOf(...steps).userConstrainedPolicySet(initial)].sort();

describe('RFC 9618: policy processing', () => {
  it('6.1.3 (d)(1): keeps the policies that every certificate asserts', () => {
    expect(resultOf([{ has: ['1.1', '1.2'] }, { has: ['1.2', '1.3'] }])).to.deep.equal(['1.2']);
    expect(graphOf({ has: ['1.1'] }, { has: ['1.2'] }).isNull).to.equal(true);
  });

  it('6.1.3 (d)(2): anyPolicy asserts what is expected, when it counts', () => {
    expect(resultOf([{ has: ['1.1'] }, { has: [ANY_POLICY] }])).to.deep.equal(['1.1']);
    expect(resultOf([{ has: [ANY_POLICY] }, { has: ['1.1'] }])).to.deep.equal(['1.1']);
    expect(resultOf([{ has: [ANY_POLICY] }, { has: [ANY_POLICY] }])).to.deep.equal([ANY_POLICY]);
    expect(graphOf({ has: ['1.1'] }, { has: [ANY_POLICY], acceptAny: false }).isNull).to.equal(true);
  });

  it('6.1.3 (e): without certificatePolicies nothing is valid, and nothing becomes valid again', () => {
    expect(graphOf({ has: ['1.1'] }, { has: undefined }).isNull).to.equal(true);
    expect(graphOf({ has: undefined }, { has: [ANY_POLICY] }).isNull).to.equal(true);
  });

  it('6.1.4 (b)(1): a mapping changes what is expected below, and the result is in the terms of the anchor', () => {
    const steps = [{ has: ['1.1'], maps: [['1.1', '2.1'] as const] }, { has: ['2.1'] }];
    expect(resultOf(steps)).to.deep.equal(['1.1']);
    expect(graphOf(...steps.slice(0, 1), { has: ['1.1'] }).isNull).to.equal(true);
  });

  it('6.1.4 (b)(1): one policy may be mapped to several, and several to one', () => {
    expect(
      resultOf([
        {
          has: ['1.1'],
          maps: [
            ['1.1', '2.1'],
            ['1.1', '2.2'],
          ],
        },
        { has: ['2.2'] },
      ]),
    ).to.deep.equal(['1.1']);
    expect(
      resultOf([
        {
          has: ['1.1', '1.2'],
          maps: [
            ['1.1', '2.1'],
            ['1.2', '2.1'],
          ],
        },
        { has: ['2.1'] },
      ]),
    ).to.deep.equal(['1.1', '1.2']);
  });

  it('6.1.4 (b)(1): under anyPolicy a mapped policy becomes valid', () => {
    expect(resultOf([{ has: [ANY_POLICY], maps: [['1.1', '2.1']] }, { has: ['2.1'] }])).to.deep.equal(['1.1']);
    expect(resultOf([{ has: ['1.3'], maps: [['1.1', '2.1']] }, { has: ['2.1', '1.3'] }])).to.deep.equal(['1.3']);
  });

  it('6.1.4 (b)(2): where mapping is inhibited, a mapped policy is lost', () => {
    const inhibited = { has: ['1.1', '1.2'], maps: [['1.1', '2.1'] as const], mappingAllowed: false };
    expect(resultOf([inhibited, { has: ['1.1', '2.1', '1.2'] }])).to.deep.equal(['1.2']);
    expect(graphOf({ ...inhibited, has: ['1.1'] }).isNull).to.equal(true);
  });

  describe('6.1.5 (g): user-constrained-policy-set', () => {
    it('is the intersection with the initial policies', () => {
      const steps = [{ has: ['1.1', '1.2'] }];
      expect(resultOf(steps, ['1.2', '1.3'])).to.deep.equal(['1.2']);
      expect(resultOf(steps, ['1.3'])).to.deep.equal([]);
    });

    it('is the initial policies themselves when the path asserts anyPolicy to its end', () => {
      expect(resultOf([{ has: [ANY_POLICY] }], ['1.2', '1.3'])).to.deep.equal(['1.2', '1.3']);
    });

    it('counts no policy that was lost on the way, although its node was there', () => {
      const steps = [{ has: ['1.1', '1.2'] }, { has: ['1.1'] }, { has: ['1.1'] }];
      expect(resultOf(steps)).to.deep.equal(['1.1']);
    });
  });

  it('S22: does not grow with the number of mappings of mappings', () => {
    const width = 200;
    const oids = Array.from({ length: width }, (_, index) => `2.999.${index}`);
    const everyToEvery = oids.flatMap((issuer) => oids.slice(0, 20).map((subject) => [issuer, subject] as const));
    const steps = Array.from({ length: 30 }, () => ({ has: oids, maps: everyToEvery }));
    const graph = graphOf(...steps);
    expect(graph.isNull).to.equal(false);
    expect(graph.userConstrainedPolicySet([ANY_POLICY])).to.have.lengthOf(width);
  });
});
