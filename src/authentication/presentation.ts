/**
 * What the ways to present a card share: the ports, the outcome, and that a refusal is on record before anybody
 * hears of it.
 */
import type { AuditLog } from '../audit/audit-log.ts';
import { type Code, ThiqaError } from '../errors.ts';
import { type AuthenticationPorts, authenticateCitizen, type Presentation } from './authenticate-citizen.ts';
import type { AuthenticatedCitizen } from './authenticated-citizen.ts';
import type { CardEvidence } from './card-evidence.ts';
import type { ChallengeStore } from './challenge.ts';

export interface PresentationPorts extends AuthenticationPorts {
  readonly challenges: ChallengeStore;
  /** Told of an error that no rule foresaw; it becomes INTERNAL for everyone else. */
  readonly reportUnforeseen: (error: unknown) => void;
}

export type PresentationOutcome =
  | { readonly outcome: 'authenticated'; readonly citizen: AuthenticatedCitizen }
  | { readonly outcome: 'refused'; readonly code: Code };

/** Decides on what was presented. Either way `authenticateCitizen` has recorded it; an error becomes its code. */
export function decidePresentation(
  readEvidence: () => CardEvidence,
  presentation: Presentation,
  ports: PresentationPorts,
): Promise<PresentationOutcome> {
  return refusedByCode(ports, async () => ({
    outcome: 'authenticated',
    citizen: await authenticateCitizen(readEvidence, presentation, ports),
  }));
}

/** What `step` ends with; when it throws, the code, and nobody is signed in. */
export async function refusedByCode(
  { reportUnforeseen }: Pick<PresentationPorts, 'reportUnforeseen'>,
  step: () => Promise<PresentationOutcome>,
): Promise<PresentationOutcome> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof ThiqaError)) reportUnforeseen(error);
    return { outcome: 'refused', code: error instanceof ThiqaError ? error.code : 'INTERNAL' };
  }
}

/** Runs `step`; its refusal is on record before it goes on. */
export async function recordRefusal<T>(
  audit: AuditLog,
  type: 'card.refused' | 'hand-off.refused',
  interaction: string | undefined,
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    const code = error instanceof ThiqaError ? error.code : 'INTERNAL';
    await audit.append({ type, code, ...(interaction !== undefined && { interaction }) });
    throw error;
  }
}
