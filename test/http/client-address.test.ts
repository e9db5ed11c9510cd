import type { Socket } from 'node:net';
import { expect } from 'chai';
import { trustedPeers } from '../../src/authentication/proxy-certificate.ts';
import { clientAddress } from '../../src/http/client-address.ts';

const PROXIES = trustedPeers(['10.0.0.0/8', '2001:db8:ffff::/48']);

/** @param forwarded the X-Forwarded-For headers, one after the other */
function addressOf(peer: string, ...forwarded: string[]): string {
  const socket = { remoteAddress: peer } as Socket; // all that is read of it
  const rawHeaders = ['Host', 'id.example.ma', ...forwarded.flatMap((value) => ['x-Forwarded-For', value])];
  return clientAddress({ socket, rawHeaders }, PROXIES);
}

describe('the address of a client', () => {
  it('is the peer, whatever X-Forwarded-For says, unless the peer is a listed proxy', () => {
    expect(addressOf('192.0.2.1')).to.equal('192.0.2.1');
    expect(addressOf('192.0.2.1', '198.51.100.1')).to.equal('192.0.2.1');
    expect(addressOf('192.0.2.1', '10.0.0.1')).to.equal('192.0.2.1');
  });

  it('is what a listed proxy says', () => {
    expect(addressOf('10.0.0.1', '198.51.100.1')).to.equal('198.51.100.1');
    expect(addressOf('::ffff:10.0.0.1', '2001:db8::1')).to.equal('2001:db8::1');
    expect(addressOf('2001:db8:ffff::1', '198.51.100.1')).to.equal('198.51.100.1');
  });

  it('is the rightmost that is no listed proxy: the client may have written those left of it', () => {
    expect(addressOf('10.0.0.1', '203.0.113.9, 198.51.100.1')).to.equal('198.51.100.1');
    expect(addressOf('10.0.0.1', '203.0.113.9, 198.51.100.1, 10.0.0.2,10.0.0.3')).to.equal('198.51.100.1');
  });

  it('a repeated header is one list', () => {
    expect(addressOf('10.0.0.1', '203.0.113.9', '198.51.100.1', '10.0.0.2')).to.equal('198.51.100.1');
  });

  it('may stand with a port', () => {
    expect(addressOf('10.0.0.1', '198.51.100.1:50000')).to.equal('198.51.100.1');
    expect(addressOf('10.0.0.1', '[2001:db8::1]:50000')).to.equal('2001:db8::1');
    expect(addressOf('10.0.0.1', '[2001:db8::1]')).to.equal('2001:db8::1');
  });

  for (const nonsense of ['', 'unknown', '_hidden', '198.51.100.1.2', '203.0.113.9, ', '203.0.113.9, x']) {
    it(`${JSON.stringify(nonsense)} counts for the proxy that wrote it`, () => {
      expect(addressOf('10.0.0.1', nonsense)).to.equal('10.0.0.1');
      expect(addressOf('10.0.0.1', `${nonsense}, 10.0.0.2`)).to.equal('10.0.0.2');
    });
  }

  it('is the last of them when all are proxies', () => {
    expect(addressOf('10.0.0.1', '10.0.0.3, 10.0.0.2')).to.equal('10.0.0.3');
    expect(addressOf('10.0.0.1')).to.equal('10.0.0.1');
  });
});
