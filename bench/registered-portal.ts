/**
 * The portal of the bench, registered as an officer does it, with the consent of every citizen on record.
 */
import { AuditLog } from '../src/audit/audit-log.ts';
import { systemClock } from '../src/clock.ts';
import type { Config } from '../src/config.ts';
import { readKeys } from '../src/keys-directory.ts';
import { APPROVABLE_CLAIMS } from '../src/oidc/claims.ts';
import { accountIdOf } from '../src/oidc/subject-identifier.ts';
import { onboardingPorts } from '../src/onboarding.ts';
import { registerPortal } from '../src/relying-party/register-portal.ts';
import type { Store } from '../src/store/store.ts';

export interface RegisteredPortal {
  readonly portal: { readonly clientId: string; readonly redirectUri: string; readonly jwk: unknown };
  readonly nationalNumbers: readonly string[];
}

export async function registerBenchPortal(
  config: Config,
  store: Store,
  { portal: { clientId, redirectUri, jwk }, nationalNumbers }: RegisteredPortal,
): Promise<void> {
  const text = { fr: 'Portail de mesure', ar: 'بوابة القياس', en: 'Bench portal' };
  await registerPortal(
    {
      client_id: clientId,
      name: text,
      sector: 'portal.thiqa.example',
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [jwk] },
      claims: APPROVABLE_CLAIMS,
      purpose: text,
    },
    await onboardingPorts({ config, store, audit: new AuditLog(store.audit, systemClock), clock: systemClock }),
  );
  const { subjectKey } = readKeys(config.keys.directory);
  const claims = APPROVABLE_CLAIMS.toSorted();
  for (const value of nationalNumbers) {
    const accountId = accountIdOf({ country: 'MA', register: 'PNO', value }, subjectKey);
    await store.consents.put({ accountId, clientId, claims, givenAt: systemClock() });
  }
}
