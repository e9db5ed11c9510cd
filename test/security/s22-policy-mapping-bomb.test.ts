import { expect } from 'chai';
import { certificatePolicies, policyMappings } from '../../src/demo/certificate-extensions.ts';
import { findValidPath } from '../../src/pki/path-validation.ts';
import { AT, createTestAuthority, issueTestCa, issueTestCard } from '../support/authority.ts';
import { measureCpu } from '../support/cpu-time.ts';
import { anchorOf, parse } from '../support/path.ts';

const MILLISECONDS = 50;
const DEPTH = 12;
const WIDTH = 40;

/** A chain of its own, each CA of which maps every policy to every policy. */
function bomb() {
  const policies = Array.from({ length: WIDTH }, (_, index) => `2.999.504.${index}`);
  const extensions = {
    certificatePolicies: certificatePolicies(policies),
    policyMappings: policyMappings(policies.flatMap((from) => policies.map((to) => [from, to] as const))),
  };
  const { root } = createTestAuthority();
  const chain = [];
  let issuer = root;
  for (let depth = 0; depth < DEPTH; depth += 1) {
    const ca = issueTestCa(issuer, {
      subject: [{ type: 'commonName', value: `Thiqa test CA ${depth}` }],
      extensions,
    });
    chain.push(parse(ca));
    issuer = ca;
  }
  const leaf = parse(issueTestCard(issuer, { extensions: { certificatePolicies: extensions.certificatePolicies } }));
  const options = {
    at: AT,
    purpose: 'clientAuth',
    intermediates: chain,
    anchors: [anchorOf(root)],
    requireExplicitPolicy: true,
  } as const;
  return { leaf, options };
}

describe('S22: a policy-mapping bomb', () => {
  it('has an answer at once, where a tree would have 40^12 nodes', () => {
    const { result: path, cpuMilliseconds } = measureCpu(bomb, ({ leaf, options }) => findValidPath(leaf, options));
    expect(cpuMilliseconds).to.be.lessThan(MILLISECONDS);
    expect(path.policies).to.have.lengthOf(WIDTH);
  });
});
