/**
 * `thiqa sessions`: sessions that an officer ends, with all that was issued in them.
 */
import { type Command, Option } from 'commander';
import type { AuditLog } from '../audit/audit-log.ts';
import { endSessions, type SessionOwner } from '../sessions/end-sessions.ts';
import type { Store } from '../store/store.ts';
import { accountOf, addCitizenOptions, type NamedCitizen } from './named-citizen.ts';
import { reasonOption, sessionPorts, type WithReason } from './session-ports.ts';
import { withStore } from './store-access.ts';
import { configOption, print } from './terminal.ts';

interface EndOptions extends NamedCitizen, WithReason {
  readonly everybody?: true;
  readonly portal?: string;
  readonly citizen?: true;
}

export function addSessionsCommand(program: Command): void {
  const sessions = program.command('sessions').description('sessions of citizens, and what was issued in them');
  const end = sessions
    .command('end')
    .description('end what is of until now: a card is needed again, codes and tokens are worth nothing')
    .addOption(new Option('--everybody', 'every session').conflicts(['portal', 'citizen', 'account', 'profile']))
    .addOption(new Option('--portal <client_id>', 'with one portal').conflicts(['citizen', 'account', 'profile']))
    .option('--citizen', 'of one citizen');
  addCitizenOptions(end)
    .addOption(reasonOption())
    .option(...configOption)
    .action((options: EndOptions, command: Command) => {
      // No wrong default: whoever names nobody ends nothing.
      if (!options.everybody && options.portal === undefined && !options.citizen) {
        command.error('error: whose sessions? --everybody, --portal <client_id> or --citizen');
      }
      return withStore(options.config, async (store, audit) => {
        const owner = await ownerOf(options, store, audit);
        const { notBefore } = await endSessions(owner, options.reason, sessionPorts(store, audit));
        print(JSON.stringify({ verdict: 'ended', not_before: new Date(notBefore * 1000) }, undefined, 2));
      });
    });
}

async function ownerOf(options: EndOptions, store: Store, audit: AuditLog): Promise<SessionOwner> {
  if (options.everybody) return { kind: 'everybody' };
  if (options.portal !== undefined) return { kind: 'portal', clientId: options.portal };
  return { kind: 'citizen', accountId: await accountOf(options, store, audit) };
}
