/**
 * Which network addresses an outgoing request may reach (S9, S29): only those of the public Internet, unless the
 * operator lists the host as one of a private network. The ranges are those of the IANA special-purpose registries
 * (RFC 6890 and its updates).
 */
import { BlockList, isIP, isIPv4 } from 'node:net';

const SPECIAL_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
] as const;

/** Inside 2000::/3: Teredo and the other protocol assignments, documentation, 6to4 (which embeds IPv4 addresses). */
const SPECIAL_GLOBAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'] as const;

const specialIpv4 = blockList(SPECIAL_IPV4, 'ipv4');
const specialGlobalIpv6 = blockList(SPECIAL_GLOBAL_IPV6, 'ipv6');
/** The only range that IANA gives out as global unicast; loopback, link-local, mapped and translated addresses lie outside. */
const globalUnicastIpv6 = blockList(['2000::/3'], 'ipv6');

/** True for an address of the public Internet; false for every other, and for what is no address. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false;
  if (isIPv4(address)) return !specialIpv4.check(address, 'ipv4');
  return globalUnicastIpv6.check(address, 'ipv6') && !specialGlobalIpv6.check(address, 'ipv6');
}

function blockList(ranges: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [network, prefix] = range.split('/');
    list.addSubnet(network ?? '', Number(prefix), family);
  }
  return list;
}
