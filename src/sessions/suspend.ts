/**
 * Suspension of a portal or of a citizen, and its end. Both raise the time from which on things count, so that what was
 * issued before is not revived when the suspension ends; nor what slipped in while processes learned of it.
 */
import type { EndReason } from '../audit/event.ts';
import { notBeforeNow } from '../not-before.ts';
import { type EndedSessions, knownPortal, type SessionPorts, unknownPortal } from './end-sessions.ts';

export interface Suspension {
  /** False where it stood so already; then nothing was done, nor recorded. */
  readonly isChanged: boolean;
}

/** @throws OnboardingError PORTAL_UNKNOWN; ServiceError AUDIT_UNAVAILABLE, STORE_UNAVAILABLE */
export async function changePortalStatus(
  clientId: string,
  status: 'active' | 'suspended',
  reason: EndReason,
  ports: SessionPorts,
): Promise<Suspension> {
  const { status: before } = await knownPortal(clientId, ports);
  if (before === status) return { isChanged: false };
  const notBefore = notBeforeNow(ports.clock);
  await ports.audit.append({
    type: status === 'suspended' ? 'portal.suspended' : 'portal.resumed',
    clientId,
    reason,
    notBefore: new Date(notBefore * 1000).toISOString(),
  });
  if (!(await ports.portals.change(clientId, { notBefore, status }))) throw unknownPortal();
  return changed({ owner: { kind: 'portal', clientId }, notBefore }, ports);
}

/** @throws ServiceError AUDIT_UNAVAILABLE, STORE_UNAVAILABLE */
export async function changeCitizenSuspension(
  accountId: string,
  isSuspended: boolean,
  reason: EndReason,
  ports: SessionPorts,
): Promise<Suspension> {
  const before = await ports.standings.find(accountId);
  if ((before?.isSuspended ?? false) === isSuspended) return { isChanged: false };
  const notBefore = notBeforeNow(ports.clock);
  await ports.audit.append({
    type: isSuspended ? 'citizen.suspended' : 'citizen.resumed',
    accountId,
    reason,
    notBefore: new Date(notBefore * 1000).toISOString(),
  });
  await ports.standings.change(accountId, { notBefore, isSuspended });
  return changed({ owner: { kind: 'citizen', accountId }, notBefore }, ports);
}

async function changed(ended: EndedSessions, { onEnded }: SessionPorts): Promise<Suspension> {
  await onEnded?.(ended);
  return { isChanged: true };
}
