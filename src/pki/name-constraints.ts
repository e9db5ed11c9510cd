/**
 * Name constraints (RFC 5280 4.2.1.10): the permitted_subtrees and excluded_subtrees of 6.1.2 (b), (c), as they grow along
 * a path, and whether the names of a certificate lie within them (6.1.3 (b), (c)).
 *
 * The permitted subtrees of two certificates are not intersected into new ones: a name has to lie within both, which is
 * the same and needs no arithmetic on subtrees. What "within" means for each form of name is in `name-subtree.ts`.
 */
import type { Certificate } from './certificate.ts';
import type { GeneralName, GeneralNameKind } from './general-name.ts';
import { type RelateToUnion, relateToUnion } from './name-subtree.ts';

export interface NameConstraintsState {
  /** One list for each certificate that permits: a name of a kind lies within one subtree of its kind of each list. */
  readonly permitted: readonly (readonly GeneralName[])[];
  readonly excluded: readonly GeneralName[];
}

export const UNCONSTRAINED: NameConstraintsState = { permitted: [], excluded: [] };

/** 6.1.4 (g) */
export function constrain(state: NameConstraintsState, certificate: Certificate): NameConstraintsState {
  const constraints = certificate.nameConstraints;
  if (!constraints) return state;
  const { permittedSubtrees, excludedSubtrees } = constraints;
  return {
    permitted: permittedSubtrees.length > 0 ? [...state.permitted, permittedSubtrees] : state.permitted,
    excluded: [...state.excluded, ...excludedSubtrees],
  };
}

/**
 * Of one name with one subtree of its kind: more than any issuer needs, and few enough to be done in a fraction of a
 * second. URIs are looked up by host and cost next to nothing.
 */
const MOST_COMPARISONS = 2 ** 20;

/** Why the names of `certificate` are not acceptable under `state`; undefined when they are. */
export function violatedConstraint(state: NameConstraintsState, certificate: Certificate): string | undefined {
  const { permitted, excluded } = state;
  if (permitted.length === 0 && excluded.length === 0) return undefined;
  const names = namesOf(certificate);
  if (comparisonsOf(names, [...permitted.flat(), ...excluded]) > MOST_COMPARISONS) {
    return 'more names and subtrees than are compared';
  }
  const isExcluded = byKind(excluded);
  const isPermitted = permitted.map(byKind);
  for (const name of names) {
    // 6.1.3 (c) before (b): what is excluded stays so, whatever else permits it.
    if ((isExcluded.get(name.kind)?.(name) ?? 'outside') !== 'outside') {
      return `${name.kind} within, or perhaps within, an excluded subtree`;
    }
    // 6.1.3 (b): subtrees of other kinds say nothing about this name.
    if (isPermitted.some((kinds) => (kinds.get(name.kind)?.(name) ?? 'within') !== 'within')) {
      return `${name.kind} outside the permitted subtrees`;
    }
  }
  return undefined;
}

const EMAIL_ADDRESS = '1.2.840.113549.1.9.1';

/** The subject, when it is not empty, and the names of subjectAltName. */
function namesOf({ subject, subjectAltName }: Certificate): readonly GeneralName[] {
  const names: GeneralName[] = [...(subjectAltName ?? [])];
  if (!subject.isEmpty) names.push({ kind: 'directoryName', name: subject });
  // 4.2.1.10: without a subjectAltName, constraints on rfc822Name are applied to the emailAddress of the subject.
  if (!subjectAltName) {
    for (const { type, value } of subject.attributes) {
      if (type === EMAIL_ADDRESS) names.push({ kind: 'rfc822Name', value: value ?? '' });
    }
  }
  return names;
}

function comparisonsOf(names: readonly GeneralName[], subtrees: readonly GeneralName[]): number {
  const subtreesOfKind = new Map<GeneralNameKind, number>();
  for (const { kind } of subtrees) subtreesOfKind.set(kind, (subtreesOfKind.get(kind) ?? 0) + 1);
  subtreesOfKind.delete('uniformResourceIdentifier');
  return names.reduce((count, { kind }) => count + (subtreesOfKind.get(kind) ?? 0), 0);
}

function byKind(subtrees: readonly GeneralName[]): ReadonlyMap<GeneralNameKind, RelateToUnion> {
  const lists = new Map<GeneralNameKind, GeneralName[]>();
  for (const subtree of subtrees) {
    const list = lists.get(subtree.kind);
    if (list) list.push(subtree);
    else lists.set(subtree.kind, [subtree]);
  }
  return new Map([...lists].map(([kind, list]) => [kind, relateToUnion(kind, list)]));
}
