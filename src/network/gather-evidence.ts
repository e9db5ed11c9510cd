/**
 * Gathers the evidence about one path in the order that the policy of each issuing CA sets: the next source is asked
 * only about certificates of which those before it do not know the status.
 *
 * The CRLs are held already, so they are always among the evidence: they tell of a delegate of an OCSP responder, and
 * whoever is on one is refused, whatever a responder says.
 */
import { authoritiesAbove } from '../pki/crl-issuer.ts';
import type { ValidatedPath } from '../pki/path-validation.ts';
import { decideEachRevocation, type RevocationEvidence, type RevocationSource } from '../pki/revocation.ts';
import { policyOf, type RevocationPolicies } from '../pki/revocation-policy.ts';
import type { OcspQuestion } from './ocsp-question.ts';
import type { OcspFindings, OcspSource } from './ocsp-source.ts';

export interface EvidenceSources {
  readonly policies: RevocationPolicies;
  readonly crls: readonly RevocationSource[];
  readonly ocsp: Pick<OcspSource, 'ask'>;
}

/** Never rejects for what cannot be had: that is a failure among the evidence. */
export async function gatherEvidence(
  path: ValidatedPath,
  at: Date,
  { policies, crls, ocsp }: EvidenceSources,
): Promise<RevocationEvidence> {
  const questions = ocspQuestions(path, policies);
  const ask = (asked: readonly OcspQuestion[]): Promise<readonly OcspFindings[]> =>
    Promise.all(asked.map((question) => ocsp.ask(question, at)));
  const isFirst = ({ policy }: PathQuestion): boolean => policy.methods[0] === 'ocsp';

  const [lists, answers] = await Promise.all([
    Promise.all(crls.map((source) => source.evidenceFor(path, at))),
    ask(questions.filter(isFirst)),
  ]);
  const evidence = merge([...answers.map(asEvidence), ...lists]);
  const others = questions.filter((question) => !isFirst(question));
  if (others.length === 0) return evidence;
  const statuses = decideEachRevocation(path, evidence, { at, policies });
  // Whoever is revoked already needs no further question.
  if (statuses.some(({ status }) => status === 'revoked')) return evidence;
  const undecided = others.filter(({ depth }) => statuses[depth]?.status === 'unknown');
  return merge([evidence, ...(await ask(undecided)).map(asEvidence)]);
}

interface PathQuestion extends OcspQuestion {
  /** Place of the certificate on the path. */
  readonly depth: number;
}

function ocspQuestions({ certificates, anchor }: ValidatedPath, policies: RevocationPolicies): readonly PathQuestion[] {
  return certificates.flatMap((certificate, depth) => {
    const [issuer] = authoritiesAbove(certificates, depth, anchor);
    if (issuer === undefined) return [];
    const policy = policyOf(policies, issuer);
    return policy.methods.includes('ocsp') ? [{ certificate, issuer, policy, depth }] : [];
  });
}

function asEvidence({ responses, failures }: OcspFindings): RevocationEvidence {
  return { crls: [], ocspResponses: responses, certificates: [], failures };
}

function merge(parts: readonly RevocationEvidence[]): RevocationEvidence {
  return {
    crls: parts.flatMap(({ crls }) => crls),
    ocspResponses: parts.flatMap(({ ocspResponses }) => ocspResponses),
    certificates: parts.flatMap(({ certificates }) => certificates),
    failures: parts.flatMap(({ failures }) => failures),
  };
}
