/**
 * S14: a regular expression over the printed name. Here: a common name that contains ", serialNumber=...", or a relative
 * distinguished name of several values, moves nobody's number: attributes are read by object identifier.
 */
import { createSecretKey } from 'node:crypto';
import { expect } from 'chai';
import { authenticateCitizen } from '../../src/authentication/authenticate-citizen.ts';
import { cardSubject } from '../../src/demo/authority.ts';
import { subjectAlternativeName } from '../../src/demo/certificate-extensions.ts';
import type { NameTemplate } from '../../src/demo/distinguished-name.ts';
import { IdentityError } from '../../src/errors.ts';
import { accountIdOf } from '../../src/oidc/subject-identifier.ts';
import { acceptedDocument, evidenceOf } from '../support/acceptance.ts';
import { AT, type CertificateChanges, createTestAuthority, HOLDER, issueTestCard } from '../support/authority.ts';
import { testAudit } from '../support/ports.ts';
import { expectRefusal } from '../support/refusal.ts';

const SUBJECT_KEY = createSecretKey(Buffer.alloc(32, 7));
const authority = createTestAuthority();
const documents = [acceptedDocument(authority)];
const MY_ACCOUNT = accountIdOf({ country: 'MA', register: 'PNO', value: 'ZT123456' }, SUBJECT_KEY);
const VICTIM = 'PNOMA-ZT999999';

const signIn = (changes: CertificateChanges) =>
  authenticateCitizen(
    () => evidenceOf(issueTestCard(authority.issuing, changes).certificate),
    { interaction: 'i', clientId: 'c', method: 'client-certificate' },
    {
      documents: async () => documents,
      audit: testAudit().log,
      clock: () => AT,
      accountIdOf: (id) => accountIdOf(id, SUBJECT_KEY),
      isSuspended: async () => false,
    },
  );

const subject = cardSubject(HOLDER);
const isType = (type: string) => (part: NameTemplate[number]) => 'type' in part && part.type === type;
const withCommonName = (value: string): NameTemplate =>
  subject.map((part) => (isType('commonName')(part) ? { type: 'commonName', value } : part));
const withoutNumber = subject.filter((part) => !isType('serialNumber')(part));

describe('S14: a name is not its printed form', () => {
  for (const value of [
    `Amina, serialNumber=${VICTIM}`,
    `Amina,SERIALNUMBER=${VICTIM}`,
    `Amina + serialNumber=${VICTIM}`,
    `Amina/serialNumber=${VICTIM}`,
    `Amina", 2.5.4.5="${VICTIM}`,
    `Amina\\, serialNumber=${VICTIM}`,
    `serialNumber=${VICTIM}`,
  ]) {
    it(`a common name ${JSON.stringify(value)} is only a common name`, async () => {
      expect(await signIn({ subject: withCommonName(value) })).to.have.property('accountId', MY_ACCOUNT);
    });

    it(`and no number, where there is none: ${JSON.stringify(value)}`, () =>
      expectRefusal(
        () => signIn({ subject: [...withoutNumber, { type: 'organizationName', value }] }),
        IdentityError,
        'ATTRIBUTE_MISSING',
      ));
  }

  it('a common name with a line break is no second attribute', () =>
    signIn({ subject: withCommonName(`Amina\nserialNumber=${VICTIM}`) }).then((citizen) =>
      expect(citizen).to.have.property('accountId', MY_ACCOUNT),
    ));

  it('a relative distinguished name of several values is read value by value', async () => {
    const joined: NameTemplate = [
      ...withoutNumber,
      [
        { type: 'serialNumber', value: HOLDER.semanticsIdentifier },
        { type: 'organizationalUnitName', value: `x, serialNumber=${VICTIM}` },
      ],
    ];
    expect(await signIn({ subject: joined })).to.have.property('accountId', MY_ACCOUNT);
  });

  it('a second number, in a name of its own or beside another value, is refused', async () => {
    for (const extra of [
      { type: 'serialNumber', value: VICTIM },
      [
        { type: 'organizationalUnitName', value: 'x' },
        { type: 'serialNumber', value: VICTIM },
      ],
    ]) {
      await expectRefusal(() => signIn({ subject: [...subject, extra] }), IdentityError, 'ATTRIBUTE_REPEATED');
    }
  });

  it('a number in the subject alternative name is none', async () => {
    const alternative = subjectAlternativeName([{ directory: [{ type: 'serialNumber', value: VICTIM }] }]);
    expect(await signIn({ extensions: { subjectAltName: alternative } })).to.have.property('accountId', MY_ACCOUNT);
  });
});
