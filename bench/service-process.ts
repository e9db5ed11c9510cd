/**
 * The service in a process of its own, as `serve` composes it, with the portal of the bench registered and the consent
 * of every citizen on record.
 */
import { join } from 'node:path';
import { AuditLog } from '../src/audit/audit-log.ts';
import { systemClock } from '../src/clock.ts';
import { composeService } from '../src/compose.ts';
import { loadConfig } from '../src/config.ts';
import { readKeys } from '../src/keys-directory.ts';
import { APPROVABLE_CLAIMS } from '../src/oidc/claims.ts';
import { accountIdOf } from '../src/oidc/subject-identifier.ts';
import { onboardingPorts } from '../src/onboarding.ts';
import { createLog } from '../src/operations/log.ts';
import { registerPortal } from '../src/relying-party/register-portal.ts';
import { createMemoryStore } from './memory-store.ts';
import { reportToBench } from './processes.ts';

export interface ServiceProcessParameters {
  readonly name: string;
  readonly configFile: string;
  readonly directory: string;
  /** In place of the store that the configuration names. */
  readonly inMemory: boolean;
  readonly portal: { readonly clientId: string; readonly redirectUri: string; readonly jwk: unknown };
  readonly nationalNumbers: readonly string[];
}

const { name, configFile, directory, inMemory, portal, nationalNumbers }: ServiceProcessParameters = JSON.parse(
  process.argv[2] ?? '',
);
const readConfig = () => loadConfig(configFile, {});
const config = readConfig();
const service = await composeService(config, {
  log: createLog('info', join(directory, `${name}.log`)),
  readConfig,
  ...(inMemory && { openStore: async () => createMemoryStore() }),
});
await service.start();

const { clientId, redirectUri, jwk } = portal;
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
  onboardingPorts({
    config,
    store: service.store,
    audit: new AuditLog(service.store.audit, systemClock),
    clock: systemClock,
  }),
);
const { subjectKey } = readKeys(config.keys.directory);
const claims = APPROVABLE_CLAIMS.toSorted();
for (const value of nationalNumbers) {
  const accountId = accountIdOf({ country: 'MA', register: 'PNO', value }, subjectKey);
  await service.store.consents.put({ accountId, clientId, claims, givenAt: systemClock() });
}
reportToBench(() => service.stop());
