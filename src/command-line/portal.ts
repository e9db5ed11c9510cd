/**
 * `thiqa portal`: the portals that delegate sign-in.
 */
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import { loadConfig } from '../config.ts';
import { readYaml } from '../config-sources.ts';
import { onboardingPorts } from '../onboarding.ts';
import { describePortal } from '../relying-party/portal-description.ts';
import { registerPortal } from '../relying-party/register-portal.ts';
import { knownPortal } from '../sessions/end-sessions.ts';
import { changePortalStatus } from '../sessions/suspend.ts';
import { reasonOption, sessionPorts, type WithReason } from './session-ports.ts';
import { withFirstStore, withStore } from './store-access.ts';
import { configOption, print } from './terminal.ts';

export function addPortalCommand(program: Command): void {
  const portal = program.command('portal').description('the portals that delegate sign-in');
  portal
    .command('register')
    .description('register a portal from a file (YAML or JSON); prints its client_id, and its secret once')
    .argument('<file>')
    .option(...configOption)
    .action((file: string, { config }: { config: string }) =>
      withFirstStore(config, async (store, audit) => {
        const ports = await onboardingPorts({
          config: loadConfig(config, process.env),
          store,
          audit,
          clock: systemClock,
        });
        const registered = await registerPortal(readYaml(file), ports);
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
        for (const registered of await store.portals.list()) print(JSON.stringify(describePortal(registered)));
      }),
    );
  portal
    .command('show')
    .description('print one portal as JSON')
    .argument('<client_id>')
    .option(...configOption)
    .action((clientId: string, { config }: { config: string }) =>
      withStore(config, async (store) => {
        print(JSON.stringify(describePortal(await knownPortal(clientId, store)), undefined, 2));
      }),
    );
  for (const { verb, status, description } of STATUS_COMMANDS) {
    portal
      .command(verb)
      .description(description)
      .argument('<client_id>')
      .addOption(reasonOption())
      .option(...configOption)
      .action((clientId: string, options: StatusOptions) => changeStatus(clientId, status, options));
  }
}

const STATUS_COMMANDS = [
  {
    verb: 'suspend',
    status: 'suspended',
    description: 'refuse what a portal asks, and end all that was issued to it; every running process does so at once',
  },
  {
    verb: 'resume',
    status: 'active',
    description: 'let a suspended portal ask again; nothing from before is revived',
  },
] as const;

interface StatusOptions extends WithReason {
  readonly config: string;
}

function changeStatus(clientId: string, status: 'active' | 'suspended', { config, reason }: StatusOptions) {
  return withStore(config, async (store, audit) => {
    const { isChanged } = await changePortalStatus(clientId, status, reason, sessionPorts(store, audit));
    const verdict = isChanged ? 'changed' : 'unchanged';
    print(JSON.stringify({ client_id: clientId, status, verdict }, undefined, 2));
  });
}
