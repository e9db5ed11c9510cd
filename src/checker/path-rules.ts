/**
 * The rules of path validation in the order in which they are applied (RFC 5280 6.1.3 to 6.1.5), for the report: which
 * held, which failed, and which were never reached.
 */

export interface PathRule {
  /** As `detail.clause` of an error names it; an error's clause may go deeper (`4.2.1.3` of the profile). */
  readonly clause: string;
  readonly rule: string;
  readonly appliesTo: 'every' | 'issuer' | 'end-entity';
}

export const PATH_RULES: readonly PathRule[] = [
  { clause: '6.1.3 (a)(1)', rule: 'the certificate above signed it', appliesTo: 'every' },
  { clause: '6.1.1', rule: 'key and signature algorithm are strong enough', appliesTo: 'every' },
  { clause: '6.1.3 (a)(2)', rule: 'it is valid at the time of the check', appliesTo: 'every' },
  { clause: '6.1.3 (a)(4)', rule: 'its issuer is the subject of the certificate above', appliesTo: 'every' },
  { clause: '4', rule: 'its form is that of section 4', appliesTo: 'every' },
  { clause: '6.1.3 (b), (c)', rule: 'its names are permitted by the certificates above', appliesTo: 'every' },
  { clause: '6.1.3 (f)', rule: 'a certificate policy is valid where one is required', appliesTo: 'every' },
  { clause: '6.1.4 (a)', rule: 'its policy mappings are allowed', appliesTo: 'issuer' },
  { clause: '6.1.4 (k)', rule: 'it is the certificate of a CA', appliesTo: 'issuer' },
  { clause: '6.1.4 (l)', rule: 'the path is no longer than the CAs above allow', appliesTo: 'issuer' },
  { clause: '6.1.4 (n)', rule: 'its key may sign certificates', appliesTo: 'issuer' },
  { clause: '4.2.1.3', rule: 'its key usage allows the purpose', appliesTo: 'end-entity' },
  { clause: '4.2.1.12', rule: 'its extended key usage allows the purpose', appliesTo: 'every' },
  { clause: '6.1.4 (o)', rule: 'its critical extensions are understood', appliesTo: 'issuer' },
  { clause: '6.1.5 (f)', rule: 'its critical extensions are understood', appliesTo: 'end-entity' },
  { clause: '6.1.5 (g)', rule: 'one of the required policies is valid for the path', appliesTo: 'end-entity' },
];

/** The rules for the certificate at `depth`; 0 is the end entity. */
export function rulesAt(depth: number): readonly PathRule[] {
  const place = depth === 0 ? 'end-entity' : 'issuer';
  return PATH_RULES.filter(({ appliesTo }) => appliesTo === 'every' || appliesTo === place);
}

/**
 * The place in `rulesAt(depth)` of the rule that an error's clause names: itself, or the group that it belongs to. A
 * clause of section 4 is one of form unless it has a row of its own.
 */
export function indexOfClause(clause: string, depth: number, code: string): number {
  const rules = rulesAt(depth);
  if (code === 'CERT_ALGORITHM_REFUSED') return rules.findIndex((rule) => rule.clause === '6.1.1');
  const exact = rules.findIndex((rule) => rule.clause === clause);
  if (exact >= 0) return exact;
  return rules.findIndex((rule) => rule.clause === (code === 'CERT_PROFILE_VIOLATED' ? '4' : '6.1.3 (a)(1)'));
}
