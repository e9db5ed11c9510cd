/**
 * Evidence from a TLS-terminating proxy: RFC 9440 `Client-Cert`, or nginx's escaped form. A header is worth what its
 * sender is worth, so it counts from listed peers only (S1), and only when nothing about it is doubtful (S2): once, in
 * the very spelling that the preset sends, and beside no verdict of the proxy against it.
 */
import { BlockList, isIP } from 'node:net';
import { EvidenceError } from '../errors.ts';
import { type CardEvidence, readUnverifiedCertificate } from './card-evidence.ts';

export const PROXY_PRESETS = ['rfc9440', 'nginx'] as const;
export type ProxyPreset = (typeof PROXY_PRESETS)[number];

/** Every name that can carry a certificate or a verdict on it; any of them, in any spelling, is a claim to check. */
const GUARDED_NAMES = ['client-cert', 'client-cert-chain', 'x-ssl-client-cert', 'x-ssl-client-verify'] as const;

interface PresetRule {
  readonly certificateHeader: string;
  readonly verdictHeader?: string;
  /** DER from the header's value. */
  readonly decode: (value: string) => Uint8Array;
}

const PRESETS: Readonly<Record<ProxyPreset, PresetRule>> = {
  rfc9440: { certificateHeader: 'Client-Cert', decode: decodeByteSequence },
  nginx: { certificateHeader: 'X-SSL-Client-Cert', verdictHeader: 'X-SSL-Client-Verify', decode: decodeEscapedPem },
};

/** base64 of the largest certificate that is parsed, escaped: beyond it nothing is decoded. */
const LONGEST_VALUE = 64 * 1024;

export interface ForwardedRequest {
  /** IP address of the peer of the TCP connection. */
  readonly peerAddress: string;
  /** Names and values in turn, as received, in their spelling (`rawHeaders` of node:http). */
  readonly rawHeaders: readonly string[];
}

/** The peers that may speak for a handshake: single addresses, or networks in CIDR form. Never empty. */
export interface TrustedPeers {
  includes(address: string): boolean;
}

/** A prefix of 0 is not among them: a list that names everybody is no list (S1). */
const ENTRY = /^([0-9A-Fa-f.:]+)(?:\/([1-9]\d{0,2}))?$/;

/** @throws TypeError when an entry is no address and no network; the configuration has checked them before */
export function trustedPeers(entries: readonly string[]): TrustedPeers {
  const list = new BlockList();
  for (const entry of entries) {
    const [, address = '', prefix] = ENTRY.exec(entry) ?? [];
    const version = isIP(address);
    const longest = version === 6 ? 128 : 32;
    const length = Number(prefix ?? longest);
    if (version === 0 || length > longest) throw new TypeError('no IP address and no network');
    if (version === 6 && hasEveryIpv4Address(address, length)) {
      throw new TypeError('an IPv6 network that has every IPv4 address in it');
    }
    list.addSubnet(address, length, version === 6 ? 'ipv6' : 'ipv4');
  }
  return {
    includes(address) {
      // A dual-stack listener shows IPv4 peers as ::ffff:a.b.c.d.
      const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
      const family = isIP(plain);
      return family !== 0 && list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
    },
  };
}

/**
 * RFC 4291 2.5.5.2: the IPv4 addresses are ::ffff:0:0/96 in IPv6. So `::ffff:10.0.0.0/8`, in which the prefix is that of
 * IPv4, names everybody too; meant is `10.0.0.0/8`, or `::ffff:10.0.0.0/104`.
 */
function hasEveryIpv4Address(address: string, prefix: number): boolean {
  const network = new BlockList();
  network.addSubnet(address, prefix, 'ipv6');
  return prefix <= 96 && network.check('::ffff:0.0.0.0', 'ipv6');
}

/**
 * @throws EvidenceError PROXY_NOT_TRUSTED, PROXY_HEADER_AMBIGUOUS, PROXY_HEADER_MALFORMED, PROXY_NOT_VERIFIED,
 *   CARD_NOT_PRESENTED
 * @throws CertificateError CERT_TOO_LARGE, CERT_MALFORMED
 */
export function evidenceFromProxy(request: ForwardedRequest, preset: ProxyPreset, peers: TrustedPeers): CardEvidence {
  if (!peers.includes(request.peerAddress)) {
    throw new EvidenceError('PROXY_NOT_TRUSTED', 'the request did not come through a listed proxy');
  }
  const rule = PRESETS[preset];
  const expected = [rule.certificateHeader, ...(rule.verdictHeader === undefined ? [] : [rule.verdictHeader])];
  const seen = guardedHeaders(request.rawHeaders);
  for (const [name, values] of seen) {
    if (!expected.includes(name) || values.length > 1) {
      throw new EvidenceError(
        'PROXY_HEADER_AMBIGUOUS',
        'a certificate header is repeated, misspelt or not of the preset',
        {
          detail: { header: name.toLowerCase(), count: values.length },
        },
      );
    }
  }

  const certificate = seen.get(rule.certificateHeader)?.[0] ?? '';
  if (rule.verdictHeader !== undefined) {
    const verdict = seen.get(rule.verdictHeader)?.[0];
    if (verdict === undefined)
      throw new EvidenceError('PROXY_HEADER_MALFORMED', 'the proxy sent no verdict on the handshake');
    if (certificate !== '' && verdict !== 'SUCCESS') {
      throw new EvidenceError('PROXY_NOT_VERIFIED', 'the proxy forwards a certificate that it did not verify');
    }
  }
  if (certificate === '')
    throw new EvidenceError('CARD_NOT_PRESENTED', 'the proxy saw no certificate in the handshake');
  if (certificate.length > LONGEST_VALUE) throw malformed('the certificate header is too long');
  return {
    method: 'client-certificate',
    unverifiedCertificate: readUnverifiedCertificate(rule.decode(certificate)),
    provenBy: 'trusted-proxy',
  };
}

/** Names are compared as a lax server behind us might: without case, with `_` for `-`. */
function guardedHeaders(rawHeaders: readonly string[]): Map<string, string[]> {
  const seen = new Map<string, string[]>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const plain = name.toLowerCase().replaceAll('_', '-');
    if (!GUARDED_NAMES.some((guarded) => guarded === plain)) continue;
    seen.set(name, [...(seen.get(name) ?? []), rawHeaders[index + 1] ?? '']);
  }
  return seen;
}

/** RFC 9440 2.1: an RFC 8941 Byte Sequence, that is base64 between colons. */
function decodeByteSequence(value: string): Uint8Array {
  const base64 = /^:([A-Za-z0-9+/]+={0,2}):$/.exec(value.trim())?.[1];
  if (base64 === undefined) throw malformed('Client-Cert is not a Byte Sequence of RFC 8941');
  return Buffer.from(base64, 'base64');
}

/** nginx `$ssl_client_escaped_cert`: one PEM block, everything percent-encoded but what RFC 3986 2.3 calls unreserved. */
function decodeEscapedPem(value: string): Uint8Array {
  if (!/^(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})+$/.test(value)) {
    throw malformed('the certificate header is not percent-encoded');
  }
  let pem: string;
  try {
    pem = decodeURIComponent(value);
  } catch (cause) {
    throw new EvidenceError('PROXY_HEADER_MALFORMED', 'the certificate header is not percent-encoded', { cause });
  }
  const base64 = /^-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/.exec(pem)?.[1];
  if (base64 === undefined) throw malformed('the certificate header is not one PEM block');
  return Buffer.from(base64, 'base64');
}

function malformed(message: string): EvidenceError {
  return new EvidenceError('PROXY_HEADER_MALFORMED', message);
}
