/**
 * S15: Node turned names into strings (CVE-2021-44531, CVE-2021-44532). Here: no text that the TLS library made of a
 * certificate is ever read; of the peer's certificate only its octets are.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';

const SRC = new URL('../../src/', import.meta.url);
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
/** A comment may name what the code must not do. */
const codeOf = (file: string): string =>
  readFileSync(new URL(file, SRC), 'utf8')
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/\/\/.*$/gm, '');

describe('S15: names that the TLS library made of text', () => {
  it('there are sources to look at', () => expect(files).to.include('http/card-host.ts'));

  for (const forbidden of [
    /\bgetPeerCertificate\b/,
    /\bsubjectaltname\b/,
    /\bsubjectAltName\s*\.\s*(?:split|match|replace|includes)\b/,
    /\binfoAccess\b/,
    /\btoLegacyObject\b/,
    /\bcheckServerIdentity\b/,
    /\bsocket\s*\.\s*authorized\b|\bauthorizationError\b/,
  ]) {
    it(`${forbidden.source} stands nowhere`, () => {
      expect(files.filter((file) => forbidden.test(codeOf(file)))).to.deep.equal([]);
    });
  }

  it('of the certificate of a handshake its octets are taken, in one place', () => {
    const users = files.filter((file) => codeOf(file).includes('getPeerX509Certificate'));
    expect(users).to.deep.equal(['http/tls-handshake.ts']);
    expect(codeOf('http/tls-handshake.ts')).to.match(/getPeerX509Certificate\(\)\?\.raw\b/);
  });

  it("node's own certificate class never reads a citizen's: outside the demonstration, only the dates of our own listeners and the keys of portals", () => {
    const users = files.filter((file) => /\bX509Certificate\b/.test(codeOf(file)) && !file.startsWith('demo/'));
    expect(users.sort()).to.deep.equal(['compose-health.ts', 'relying-party/public-key.ts']);
    for (const file of users) expect(codeOf(file), file).to.not.match(/\b(?:subject(?:AltName)?|issuer)\b/);
  });
});
