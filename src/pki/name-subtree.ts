/**
 * How a name lies to the subtrees of name constraints, for each form of name that RFC 5280 4.2.1.10 defines. A name or a
 * subtree that is not well-formed, or of a form that is not processed, is never taken for within nor for outside:
 * 4.2.1.10 leaves only to process a constraint or to reject.
 */
import type { GeneralName, GeneralNameKind } from './general-name.ts';
import { isWithinSubtree, mayBeWithinSubtree, type Name } from './name.ts';

/** `unclear`: one of the two is not well-formed, or of a form that is not processed, or they may match or not. */
export type Relation = 'within' | 'outside' | 'unclear';

/** How a name lies to the union of some subtrees of its kind. */
export type RelateToUnion = (name: GeneralName) => Relation;

/** @param subtrees all of this kind, as the names that are asked for will be */
export function relateToUnion(kind: GeneralNameKind, subtrees: readonly GeneralName[]): RelateToUnion {
  switch (kind) {
    case 'directoryName':
      return union(subtrees, directoryName);
    case 'dNSName':
      return union(subtrees, dnsName);
    case 'rfc822Name':
      return union(subtrees, rfc822Name);
    case 'iPAddress':
      return union(subtrees, ipAddress);
    case 'uniformResourceIdentifier':
      return unionOfUris(subtrees);
    default:
      return () => 'unclear';
  }
}

/** One form of name: what is read of it once, and how two that were read lie to each other. */
interface NameForm<N, S> {
  /** Undefined when it is not well-formed. */
  readName(name: GeneralName): N | undefined;
  readSubtree(subtree: GeneralName): S | undefined;
  relate(name: N, subtree: S): Relation;
}

function union<N, S>(subtrees: readonly GeneralName[], form: NameForm<N, S>): RelateToUnion {
  const bases = subtrees.map((subtree) => form.readSubtree(subtree));
  return (generalName) => {
    const name = form.readName(generalName);
    if (name === undefined) return 'unclear';
    let result: Relation = 'outside';
    for (const base of bases) {
      const relation = base === undefined ? 'unclear' : form.relate(name, base);
      if (relation === 'within') return 'within';
      if (relation === 'unclear') result = 'unclear';
    }
    return result;
  };
}

function within(isWithin: boolean): Relation {
  return isWithin ? 'within' : 'outside';
}

const readDirectoryName = (name: GeneralName): Name | undefined =>
  name.kind === 'directoryName' ? name.name : undefined;

const directoryName: NameForm<Name, Name> = {
  readName: readDirectoryName,
  readSubtree: readDirectoryName,
  relate(name, subtree) {
    if (isWithinSubtree(name, subtree)) return 'within';
    return mayBeWithinSubtree(name, subtree) ? 'unclear' : 'outside';
  },
};

const HOST = /^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/;

/** Lower case, without the dot that ends an absolute name. */
function normalizeHost(host: string): string {
  const lower = host.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}

/** `suffix` starts with a dot; `host` is absent when the subtree holds only what is below it. */
interface DnsSubtree {
  readonly suffix: string;
  readonly host?: string;
}

/**
 * A DNS name is within a subtree when adding labels to the left of the subtree gives the name; the empty subtree holds all.
 * A subtree that starts with a dot is not of RFC 5280, yet common: it holds the names below it. A wildcard stands for
 * names on both sides of a border.
 */
const dnsName: NameForm<string, DnsSubtree> = {
  readName(name) {
    const host = name.kind === 'dNSName' ? normalizeHost(name.value) : '';
    return HOST.test(host.replaceAll('*', 'x')) ? host : undefined;
  },
  readSubtree(subtree) {
    const base = subtree.kind === 'dNSName' ? subtree.value.toLowerCase() : '*';
    if (base === '') return { suffix: '' };
    const suffix = base.startsWith('.') ? base : `.${base}`;
    if (!HOST.test(suffix.slice(1))) return undefined;
    return suffix === base ? { suffix } : { suffix, host: base };
  },
  relate(host, subtree) {
    if (host === subtree.host || host.endsWith(subtree.suffix)) return 'within';
    return host.includes('*') && mayExpandInto(host, subtree.suffix.slice(1)) ? 'unclear' : 'outside';
  },
};

/** Whether a name for which `pattern` stands, a label with an asterisk standing for any one label, is `host` or below it. */
function mayExpandInto(pattern: string, host: string): boolean {
  const labels = pattern.split('.').reverse();
  const wanted = host.split('.').reverse();
  return wanted.every((label, index) => labels[index] === label || (labels[index]?.includes('*') ?? false));
}

interface Mailbox {
  readonly local: string;
  readonly host: string;
}

/** A subtree is one mailbox, all of one host, or, with a leading dot, all of the hosts below a domain. */
const rfc822Name: NameForm<Mailbox, Mailbox | string> = {
  readName: (name) => (name.kind === 'rfc822Name' ? readMailbox(name.value) : undefined),
  readSubtree(subtree) {
    const text = subtree.kind === 'rfc822Name' ? subtree.value : '';
    if (text.includes('@')) return readMailbox(text);
    const host = text.toLowerCase();
    return HOST.test(host.replace(/^\./, '')) ? host : undefined;
  },
  relate(mailbox, subtree) {
    if (typeof subtree === 'string') {
      return within(subtree.startsWith('.') ? mailbox.host.endsWith(subtree) : mailbox.host === subtree);
    }
    if (subtree.host !== mailbox.host) return 'outside';
    if (subtree.local === mailbox.local) return 'within';
    // 7.5 compares local parts exactly; hosts seldom do, so another case may well be the same mailbox.
    return subtree.local.toLowerCase() === mailbox.local.toLowerCase() ? 'unclear' : 'outside';
  },
};

/** RFC 2821 4.1.2 without quoted local parts, which nobody has and which could hide a second @. */
function readMailbox(text: string): Mailbox | undefined {
  const [local, host, ...more] = text.split('@');
  if (!local || !host || more.length > 0 || !/^[!#-'*+\-/-9=?A-Z^-~.]+$/.test(local)) return undefined;
  const lower = host.toLowerCase();
  return HOST.test(lower) ? { local, host: lower } : undefined;
}

/** An address, and an address with its mask (RFC 4632); IPv4 and IPv6 have nothing in common. */
const ipAddress: NameForm<Uint8Array, Uint8Array> = {
  readName: (name) => (name.kind === 'iPAddress' ? name.octets : undefined),
  readSubtree: (subtree) => (subtree.kind === 'iPAddress' ? subtree.octets : undefined),
  relate(address, subtree) {
    const width = subtree.length / 2;
    if (address.length !== width) return 'outside';
    return within(
      address.every((octet, index) => {
        const mask = subtree[width + index] ?? 0xff;
        return (octet & mask) === ((subtree[index] ?? 0) & mask);
      }),
    );
  },
};

/**
 * The constraint applies to the host part; a URI without a host that is a domain name MUST be rejected. The host is looked
 * up whole and, with a leading dot, by each domain that it is below.
 */
function unionOfUris(subtrees: readonly GeneralName[]): RelateToUnion {
  const bases = new Set(
    subtrees.map((base) => (base.kind === 'uniformResourceIdentifier' ? base.value.toLowerCase() : '')),
  );
  const areWellFormed = [...bases].every((base) => HOST.test(base.replace(/^\./, '')));
  return (name) => {
    const host = name.kind === 'uniformResourceIdentifier' ? hostOfUri(name.value) : undefined;
    if (host === undefined || !areWellFormed) return 'unclear';
    if (bases.has(host)) return 'within';
    for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
      if (bases.has(host.slice(dot))) return 'within';
    }
    return 'outside';
  };
}

function hostOfUri(uri: string): string | undefined {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(uri)?.[1] ?? '';
  const afterUser = authority.slice(authority.lastIndexOf('@') + 1);
  const host = normalizeHost(afterUser.replace(/:\d*$/, ''));
  return HOST.test(host) && !/^[0-9.]+$/.test(host) ? host : undefined;
}
