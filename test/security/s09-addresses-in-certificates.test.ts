import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { expect } from 'chai';
import { authorityInformationAccess, crlDistributionPoints } from '../../src/demo/certificate-extensions.ts';
import { CertificateError, ServiceError } from '../../src/errors.ts';
import { DocumentRevocation } from '../../src/network/document-revocation.ts';
import { createGuardedFetch } from '../../src/network/guarded-fetch.ts';
import { AT, createTestAuthority, issueTestCard, issueTestRoot } from '../support/authority.ts';
import { anchorOf, findPath, parse } from '../support/path.ts';
import { expectRefusal } from '../support/refusal.ts';
import { policiesFor } from '../support/revocation.ts';

describe('S9: addresses in a certificate, and redirects', () => {
  let listener: Server;
  let connections = 0;
  let address = '';
  let redirect = '';

  before(async () => {
    listener = createServer((_request, response) => void response.writeHead(302, { location: redirect }).end());
    listener.on('connection', () => connections++);
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    // A TCP server's address is an object; only that of a pipe is a string.
    address = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
  });
  after(() => {
    listener.closeAllConnections();
    listener.close();
  });
  beforeEach(() => {
    connections = 0;
  });

  const addresses = (host: string) => ({
    authorityInformationAccess: authorityInformationAccess({
      ocsp: [`http://${host}/`],
      caIssuers: [`http://${host}/ca`],
    }),
    crlDistributionPoints: crlDistributionPoints([{ fullName: [{ uri: `http://${host}/crl` }] }]),
  });

  it('a self-signed certificate that names a local listener causes no connection', async () => {
    const { root } = createTestAuthority();
    const selfSigned = issueTestRoot({
      subject: [{ type: 'commonName', value: 'Nobody' }],
      extensions: addresses(address),
    });
    await expectRefusal(() => findPath([selfSigned, root]), CertificateError, 'CERT_ISSUER_UNKNOWN');
    expect(connections).to.equal(0);
  });

  it('nor does a card of a trusted CA: what it names is not on the list', async () => {
    const { root, issuing } = createTestAuthority();
    const path = findPath([issueTestCard(issuing, { extensions: addresses(address) }), issuing, root]);
    const revocation = new DocumentRevocation(
      {
        crls: [],
        revocationPolicies: policiesFor(issuing, { methods: ['crl', 'ocsp'], crlFromCertificate: true }),
        anchors: [anchorOf(root)],
        intermediates: [parse(issuing)],
        allowedHosts: ['crl.example'],
        privateHosts: [],
      },
      { clock: () => AT },
    );
    const { failures } = await revocation.evidenceFor(path, AT);
    expect(failures.map(({ code }) => code)).to.deep.equal(['REVOCATION_UNAVAILABLE', 'REVOCATION_UNAVAILABLE']);
    revocation.close();
    expect(connections).to.equal(0);
  });

  for (const target of [
    'http://10.0.0.1/',
    'http://169.254.169.254/latest',
    'http://[::1]/',
    'file:///etc/passwd',
    'ldap://crl.example/',
    'http://crl.example:22/',
  ]) {
    it(`a listed host that redirects to ${target} leads nowhere`, async () => {
      redirect = target;
      const loopback: LookupFunction = (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]);
      const host = `crl.example:${address.split(':')[1]}`;
      const fetch = createGuardedFetch(
        { allowedHosts: [host], privateHosts: [host], timeoutMilliseconds: 5000, maximumOctets: 1000 },
        loopback,
      );
      await expectRefusal(() => fetch(`http://${host}/`), ServiceError, 'FETCH_REFUSED');
      expect(connections).to.equal(1);
    });
  }

  for (const named of [
    'ldap://crl.example/',
    'file:///etc/passwd',
    'http://crl.example:22/',
    'gopher://crl.example/',
  ]) {
    it(`${named} is refused before anything is resolved`, async () => {
      let resolved = 0;
      const counting: LookupFunction = (_host, _options, done) => {
        resolved++;
        done(null, []);
      };
      const fetch = createGuardedFetch(
        { allowedHosts: ['crl.example'], privateHosts: [], timeoutMilliseconds: 5000, maximumOctets: 1000 },
        counting,
      );
      await expectRefusal(() => fetch(named), ServiceError, 'FETCH_REFUSED');
      expect(resolved).to.equal(0);
    });
  }
});
