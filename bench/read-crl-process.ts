/**
 * Reads one CRL, as the worker of the service does, in a process of its own: verified and indexed.
 * Arguments: the CRL, the certificate of its issuer (both DER). Prints the number of entries.
 */
import { readFileSync } from 'node:fs';
import { readVerifiedCrl } from '../src/network/read-crl.ts';
import { parseCertificate } from '../src/pki/certificate.ts';

const [crl = '', issuer = ''] = process.argv.slice(2);
const { table } = readVerifiedCrl(readFileSync(crl), {
  source: crl,
  issuers: [parseCertificate(readFileSync(issuer))],
  algorithms: 'default',
  maximumOctets: Number.POSITIVE_INFINITY,
});
process.stdout.write(`${table.count}\n`);
