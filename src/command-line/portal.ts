/**
 * `thiqa portal`: the portals that delegate sign-in.
 */
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import { readYaml } from '../config.ts';
import { APPROVABLE_CLAIMS } from '../oidc/claims.ts';
import { registerPortal } from '../relying-party/register-portal.ts';
import { withStore } from './store-access.ts';
import { configOption, print } from './terminal.ts';

export function addPortalCommand(program: Command): void {
  const portal = program.command('portal').description('the portals that delegate sign-in');
  portal
    .command('register')
    .description('register a portal from a file (YAML or JSON); prints its client_id, and its secret once')
    .argument('<file>')
    .option(...configOption)
    .action((file: string, { config }: { config: string }) =>
      withStore(config, async (store, audit) => {
        const registered = await registerPortal(readYaml(file), {
          portals: store.portals,
          audit,
          clock: systemClock,
          approvableClaims: APPROVABLE_CLAIMS,
        });
        print(
          JSON.stringify(
            { client_id: registered.portal.clientId, client_secret: registered.clientSecret },
            undefined,
            2,
          ),
        );
      }),
    );
  portal
    .command('list')
    .description('print the portals, one JSON object a line')
    .option(...configOption)
    .action(({ config }: { config: string }) =>
      withStore(config, async (store) => {
        for (const {
          clientId,
          name,
          sector,
          redirectUris,
          tokenEndpointAuthMethod,
          claims,
          status,
          registeredAt,
        } of await store.portals.list()) {
          print(
            JSON.stringify({
              client_id: clientId,
              name,
              sector,
              redirect_uris: redirectUris,
              token_endpoint_auth_method: tokenEndpointAuthMethod,
              claims,
              status,
              registered_at: registeredAt,
            }),
          );
        }
      }),
    );
}
