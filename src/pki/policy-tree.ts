/**
 * Policy processing by the valid_policy_graph of RFC 9618, which replaces the valid_policy_tree of RFC 5280 6.1: a policy
 * stands at most once at each depth, with an edge from each parent that expects it, so the graph is no larger than the
 * certificates are, whatever they map (S22).
 *
 * Levels are only added. A node without a descendant at the last depth counts for nothing, which the end takes care of:
 * so nothing has to be pruned on the way, and the graph is NULL exactly when the last level is empty.
 */
import type { PolicyInformation, PolicyMapping } from './certificate-extensions.ts';

export const ANY_POLICY = '2.5.29.32.0';

interface PolicyNode {
  readonly validPolicy: string;
  expectedPolicySet: readonly string[];
  readonly parents: readonly PolicyNode[];
}

type Level = Map<string, PolicyNode>;

export class PolicyGraph {
  #level: Level;
  /** RFC 9618 5.1: NULL once a certificate left no valid policy. */
  #isNull = false;

  /** 6.1.2 (a): one node of depth zero, anyPolicy. */
  constructor() {
    this.#level = new Map([[ANY_POLICY, { validPolicy: ANY_POLICY, expectedPolicySet: [ANY_POLICY], parents: [] }]]);
  }

  get isNull(): boolean {
    return this.#isNull;
  }

  /** 6.1.3 (d), (e). `acceptAnyPolicy`: the condition of (d)(2) on inhibit_anyPolicy and on self-issued certificates. */
  addCertificate(policies: readonly PolicyInformation[] | undefined, acceptAnyPolicy: boolean): void {
    if (this.#isNull) return;
    if (!policies) {
      this.#setLevel(new Map());
      return;
    }
    const expecting = this.#nodesByExpectedPolicy();
    const anyPolicyNode = this.#level.get(ANY_POLICY);
    const level: Level = new Map();
    const add = (validPolicy: string, parents: readonly PolicyNode[]): void => {
      level.set(validPolicy, { validPolicy, expectedPolicySet: [validPolicy], parents });
    };
    // (d)(1): under every node that expects the policy; under the anyPolicy node when none does.
    for (const { policyIdentifier } of policies) {
      if (policyIdentifier === ANY_POLICY) continue;
      const parents = expecting.get(policyIdentifier);
      if (parents) add(policyIdentifier, parents);
      else if (anyPolicyNode) add(policyIdentifier, [anyPolicyNode]);
    }
    // (d)(2): anyPolicy asserts whatever is expected and not asserted by name.
    if (acceptAnyPolicy && policies.some(({ policyIdentifier }) => policyIdentifier === ANY_POLICY)) {
      for (const [policy, parents] of expecting) if (!level.has(policy)) add(policy, parents);
    }
    this.#setLevel(level);
  }

  /** 6.1.4 (b). `mappingAllowed`: policy_mapping is greater than zero. */
  applyMappings(mappings: readonly PolicyMapping[], mappingAllowed: boolean): void {
    if (this.#isNull) return;
    const subjectPolicies = new Map<string, Set<string>>();
    for (const { issuerDomainPolicy, subjectDomainPolicy } of mappings) {
      const set = subjectPolicies.get(issuerDomainPolicy);
      if (set) set.add(subjectDomainPolicy);
      else subjectPolicies.set(issuerDomainPolicy, new Set([subjectDomainPolicy]));
    }
    const level = new Map(this.#level);
    const anyPolicyNode = level.get(ANY_POLICY);
    for (const [validPolicy, set] of subjectPolicies) {
      const node = level.get(validPolicy);
      if (!mappingAllowed) {
        // (b)(2)
        level.delete(validPolicy);
      } else if (node) {
        // (b)(1)
        node.expectedPolicySet = [...set];
      } else if (anyPolicyNode) {
        // The new node is a sibling of the anyPolicy node, whose parent is the anyPolicy node one level above.
        level.set(validPolicy, { validPolicy, expectedPolicySet: [...set], parents: anyPolicyNode.parents });
      }
    }
    this.#setLevel(level);
  }

  /** 6.1.5 (g): the user-constrained-policy-set; empty when there is no valid policy. */
  userConstrainedPolicySet(userInitialPolicySet: readonly string[]): readonly string[] {
    const authority = this.#authorityConstrainedPolicySet();
    if (userInitialPolicySet.includes(ANY_POLICY)) return [...authority];
    const initial = [...new Set(userInitialPolicySet)];
    return authority.has(ANY_POLICY) ? initial : initial.filter((policy) => authority.has(policy));
  }

  /**
   * (g)(2), (3): the policies in the terms of the trust anchor. These are the valid policies of the nodes that stand just
   * below an anyPolicy node and have a descendant at the last depth, and anyPolicy when it stands at the last depth itself.
   */
  #authorityConstrainedPolicySet(): ReadonlySet<string> {
    const policies = new Set<string>();
    const seen = new Set<PolicyNode>(this.#level.values());
    if (this.#level.has(ANY_POLICY)) policies.add(ANY_POLICY);
    // A Set may grow while it is walked: all ancestors are reached, each once.
    for (const node of seen) {
      for (const parent of node.parents) {
        seen.add(parent);
        if (parent.validPolicy === ANY_POLICY && node.validPolicy !== ANY_POLICY) policies.add(node.validPolicy);
      }
    }
    return policies;
  }

  #nodesByExpectedPolicy(): ReadonlyMap<string, readonly PolicyNode[]> {
    const expecting = new Map<string, PolicyNode[]>();
    for (const node of this.#level.values()) {
      for (const policy of node.expectedPolicySet) {
        const nodes = expecting.get(policy);
        if (nodes) nodes.push(node);
        else expecting.set(policy, [node]);
      }
    }
    return expecting;
  }

  #setLevel(level: Level): void {
    this.#level = level;
    this.#isNull = level.size === 0;
  }
}
