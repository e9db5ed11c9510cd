/**
 * `thiqa citizen`: citizens whom an officer suspended.
 */
import type { Command } from 'commander';
import { changeCitizenSuspension } from '../sessions/suspend.ts';
import { accountOf, addCitizenOptions, type NamedCitizen } from './named-citizen.ts';
import { reasonOption, sessionPorts, type WithReason } from './session-ports.ts';
import { withStore } from './store-access.ts';
import { configOption, print } from './terminal.ts';

export function addCitizenCommand(program: Command): void {
  const citizen = program.command('citizen').description('citizens who may not sign in');
  addCitizenOptions(
    citizen
      .command('suspend')
      .description('refuse every card of a citizen, and end their sessions and all that was issued in them'),
  )
    .addOption(reasonOption())
    .option(...configOption)
    .action((named: NamedCitizen & WithReason) => change(named, true));
  addCitizenOptions(
    citizen.command('resume').description('let a citizen sign in again; nothing from before is revived'),
  )
    .addOption(reasonOption())
    .option(...configOption)
    .action((named: NamedCitizen & WithReason) => change(named, false));
  addCitizenOptions(citizen.command('show').description('print what was decided of a citizen, as JSON'))
    .option(...configOption)
    .action((named: NamedCitizen) =>
      withStore(named.config, async (store, audit) => {
        const account = await accountOf(named, store, audit);
        const standing = await store.standings.find(account);
        const status = standing?.isSuspended ? 'suspended' : 'active';
        const notBefore = standing && new Date(standing.notBefore * 1000);
        print(JSON.stringify({ account, status, not_before: notBefore }, undefined, 2));
      }),
    );
}

function change(named: NamedCitizen & WithReason, isSuspended: boolean): Promise<void> {
  return withStore(named.config, async (store, audit) => {
    const account = await accountOf(named, store, audit);
    const { isChanged } = await changeCitizenSuspension(account, isSuspended, named.reason, sessionPorts(store, audit));
    const status = isSuspended ? 'suspended' : 'active';
    print(JSON.stringify({ account, status, verdict: isChanged ? 'changed' : 'unchanged' }, undefined, 2));
  });
}
