/**
 * The examples of docs/portals.md and of the README are registrations that are accepted as they stand, but for the
 * coordinates of the key.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import { SUBJECT_MEMBERS } from '../../src/client-authentication/registered-subject.ts';
import { generateKeys } from '../../src/demo/signing.ts';
import { APPROVABLE_CLAIMS } from '../../src/oidc/claims.ts';
import { protocolMembers } from '../../src/relying-party/protocol-metadata.ts';
import { registerPortal } from '../../src/relying-party/register-portal.ts';
import { AT } from '../support/authority.ts';
import { ABILITIES, memoryPortals, testAudit } from '../support/ports.ts';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const { x, y } = generateKeys().publicKey.export({ format: 'jwk' });

describe('the examples of the documentation', () => {
  for (const file of ['docs/portals.md', 'README.md']) {
    const examples = [...read(file).matchAll(/```yaml\n(client_id:[\s\S]*?)```/g)].map(([, text = '']) => text);
    it(`${file} has some`, () => expect(examples).to.not.be.empty);
    for (const example of examples) {
      const document = parse(example.replace('x: "..."', `x: ${x}`).replace('y: "..."', `y: ${y}`));
      it(`${file}: ${document.client_id} is accepted`, async () => {
        const { portal } = await registerPortal(document, {
          portals: memoryPortals(),
          audit: testAudit().log,
          clock: () => AT,
          approvableClaims: APPROVABLE_CLAIMS,
          abilities: ABILITIES,
          fetchJson: async () => document.redirect_uris,
        });
        expect(portal.clientId).to.equal(document.client_id);
      });
    }
  }

  it('docs/portals.md names every member of the protocol that can be registered', () => {
    const text = `${read('docs/portals.md')}${read('docs/mutual-tls.md')}`;
    const usual: readonly string[] = ['response_types', 'subject_type', ...SUBJECT_MEMBERS];
    const unnamed = Object.keys(protocolMembers({ signingAlgorithms: [] })).filter(
      (member) =>
        !usual.includes(member) &&
        !text.includes(member.replace(/^[a-z_]+(_encrypted_response_(?:alg|enc))$/, '...$1')),
    );
    expect(unnamed).to.deep.equal([]);
  });
});
