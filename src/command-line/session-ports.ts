/**
 * What the commands that end or suspend share.
 */
import { Option } from 'commander';
import type { AuditLog } from '../audit/audit-log.ts';
import { END_REASONS, type EndReason } from '../audit/event.ts';
import { systemClock } from '../clock.ts';
import type { SessionPorts } from '../sessions/end-sessions.ts';
import type { Store } from '../store/store.ts';

export interface WithReason {
  readonly reason: EndReason;
}

export function reasonOption(): Option {
  return new Option('--reason <reason>', 'why, for the record').choices(END_REASONS).makeOptionMandatory();
}

export function sessionPorts(store: Store, audit: AuditLog): SessionPorts {
  const { notBefore, portals, standings, logoutNotices } = store;
  return {
    notBefore,
    portals,
    standings,
    audit,
    clock: systemClock,
    // The service finds them there, and brings them.
    async onEnded({ owner: { kind, ...named } }) {
      await logoutNotices.end('clientId' in named || 'accountId' in named ? named : { everybody: true }, systemClock());
    },
  };
}
