/**
 * What an operator must know before citizens do: what does not work, and what soon will not.
 *
 * `failing`: nobody can sign in. `degraded`: somebody cannot, or soon cannot. Pure: what is known comes in as arguments.
 */
import type { Code } from '../errors.ts';

export type HealthStatus = 'ok' | 'degraded' | 'failing';

export interface HealthCheck {
  readonly check:
    | 'store'
    | 'audit'
    | 'keys'
    | 'configuration'
    | 'trust-entry'
    | 'certificate'
    | 'revocation'
    | 'exception'
    | 'logout'
    | 'worker';
  readonly status: HealthStatus;
  /** The document that is concerned; absent where the whole service is. */
  readonly profile?: string;
  /** What is concerned: a certificate by the hash of its key, a CRL by its address, a portal by its client_id. */
  readonly subject?: string;
  readonly message: string;
  readonly code?: Code;
  /** When it ends, or ended. */
  readonly until?: Date;
  /** Whole days until then; negative when it is past. */
  readonly daysLeft?: number;
}

export interface HealthReport {
  readonly status: HealthStatus;
  readonly at: Date;
  readonly checks: readonly HealthCheck[];
}

/** A listener that ends TLS itself. */
export type ListenerKind = 'issuer-host' | 'card-host' | 'portal-host';

export interface CertificateLife {
  readonly kind: 'anchor' | 'intermediate' | ListenerKind;
  /** Absent for the certificate of a listener. */
  readonly profile?: string;
  readonly keySha256: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** One place that revocation information comes from. */
export interface RevocationPlace {
  readonly profile: string;
  readonly source: string;
  readonly thisUpdate?: Date;
  readonly nextUpdate?: Date;
  /** Why the last attempt brought nothing. */
  readonly failure?: Code;
  /** True for one that is asked when needed and holds nothing between: its failure may be over. */
  readonly isAskedOnDemand?: boolean;
}

/** A revocation rule that an operator has relaxed for a time. */
export interface RevocationException {
  readonly profile: string;
  /** The CA that it is for, by the hash of its key, or what else names it. */
  readonly subject: string;
  readonly until: Date;
}

export interface HealthInputs {
  readonly at: Date;
  /** A certificate that ends within so many days is told of. */
  readonly lookAheadDays: number;
  /** Why the store, or the audit log, did not answer. */
  readonly storeFailure?: Code | undefined;
  readonly auditFailure?: Code | undefined;
  /** Why this process cannot follow the key ring: it goes on with the keys that it has. */
  readonly keysFailure?: Code | undefined;
  /** Of this process. */
  readonly lastAuditAppend?: { readonly at: Date; readonly isDurable: boolean } | undefined;
  readonly configurationRefused?: { readonly at: Date; readonly code: Code } | undefined;
  /** Entries of the trust list that are not what they say, and so are not trusted. */
  readonly damagedTrustEntries: readonly { readonly profile: string; readonly keySha256: string }[];
  /** Every profile that is accepted. */
  readonly profiles: readonly string[];
  readonly certificates: readonly CertificateLife[];
  readonly revocationPlaces: readonly RevocationPlace[];
  readonly revocationExceptions: readonly RevocationException[];
  /** Portals that have not heard yet that sessions have ended. */
  readonly logoutBacklog: readonly { readonly clientId: string; readonly waiting: number; readonly since: Date }[];
}

const DAY = 86_400_000;
const RECENT_FAILURE_MS = 60_000;
/** A portal that restarts is back by then. */
const LATE_LOGOUT_MS = 600_000;
/** A CRL is renewed when three quarters of its life are over; with less than this part left, that has not worked. */
const LAST_PART_OF_LIFE = 0.1;

export function assessHealth(inputs: HealthInputs): HealthReport {
  const checks = [
    storeCheck(inputs),
    auditCheck(inputs),
    ...keysChecks(inputs),
    ...configurationChecks(inputs),
    ...inputs.certificates.map((certificate) => certificateCheck(certificate, inputs)),
    ...inputs.revocationPlaces.map((place) => revocationCheck(place, inputs.at)),
    ...inputs.revocationExceptions
      .filter(({ until }) => until > inputs.at)
      .map((one) => exceptionCheck(one, inputs.at)),
    ...inputs.logoutBacklog
      .filter(({ since }) => inputs.at.getTime() - since.getTime() > LATE_LOGOUT_MS)
      .map(logoutCheck),
  ];
  return { status: overallStatus(checks, inputs), at: inputs.at, checks };
}

/**
 * A document fails with the status of a certificate that it needs, or when none of its anchors is in date. The service
 * fails with what every document needs, or with all of its documents.
 */
function overallStatus(checks: readonly HealthCheck[], { profiles, certificates, at }: HealthInputs): HealthStatus {
  if (checks.every(({ status }) => status === 'ok')) return 'ok';
  const failing = checks.filter(({ status }) => status === 'failing');
  if (failing.some(({ profile }) => profile === undefined)) return 'failing';
  const fails = (id: string): boolean =>
    failing.some(({ check, profile }) => check === 'revocation' && profile === id) ||
    !certificates.some(({ kind, profile, ...life }) => kind === 'anchor' && profile === id && isInDate(life, at));
  return profiles.every(fails) ? 'failing' : 'degraded';
}

function storeCheck({ storeFailure }: HealthInputs): HealthCheck {
  return storeFailure === undefined
    ? { check: 'store', status: 'ok', message: 'the store answers, and takes what is written' }
    : { check: 'store', status: 'failing', message: 'the store cannot be read or written', code: storeFailure };
}

function auditCheck({ auditFailure, lastAuditAppend, at }: HealthInputs): HealthCheck {
  if (auditFailure !== undefined) {
    const message = 'the audit log does not answer, so nobody is signed in';
    return { check: 'audit', status: 'failing', message, code: auditFailure };
  }
  const when = lastAuditAppend === undefined ? 'nothing was tried yet' : lastAuditAppend.at.toISOString();
  if (lastAuditAppend === undefined || lastAuditAppend.isDurable)
    return { check: 'audit', status: 'ok', message: `the audit log answers; last append of this process: ${when}` };
  // Whoever sends nobody here any more because of this would otherwise never learn that it is over.
  const isRecent = at.getTime() - lastAuditAppend.at.getTime() < RECENT_FAILURE_MS;
  const message = `the last append to the audit log failed (${when})`;
  return { check: 'audit', status: isRecent ? 'failing' : 'degraded', message, code: 'AUDIT_UNAVAILABLE' };
}

/** What keeps the store from answering has a check already. */
function keysChecks({ keysFailure: code, storeFailure }: HealthInputs): HealthCheck[] {
  if (code === undefined || storeFailure !== undefined) return [];
  if (code === 'SUBJECT_KEY_CHANGED') {
    const message = 'another subject key was accepted: here citizens have the former `sub`, so this process must end';
    return [{ check: 'keys', status: 'failing', message, code }];
  }
  const message = 'the key ring cannot be followed: this process signs with the keys that it had';
  return [{ check: 'keys', status: 'degraded', message, code }];
}

function configurationChecks({ configurationRefused, damagedTrustEntries }: HealthInputs): HealthCheck[] {
  const damaged = damagedTrustEntries.map(({ profile, keySha256 }): HealthCheck => {
    const message = 'a stored certificate is not what its entry says, so it is not trusted';
    return { check: 'trust-entry', status: 'degraded', profile, subject: keySha256, message };
  });
  return configurationRefused === undefined ? damaged : [refusedConfigurationCheck(configurationRefused), ...damaged];
}

export function refusedConfigurationCheck({ at, code }: { readonly at: Date; readonly code: Code }): HealthCheck {
  const message = `the configuration was refused at ${at.toISOString()}; the one before is in force`;
  return { check: 'configuration', status: 'degraded', message, code };
}

const OWNERS: Readonly<Record<CertificateLife['kind'], string>> = {
  anchor: 'the trust anchor',
  intermediate: 'the intermediate',
  'issuer-host': "the issuer's host's",
  'card-host': "the card host's",
  'portal-host': "the portals' host's",
};

function certificateCheck(certificate: CertificateLife, { at, lookAheadDays }: HealthInputs): HealthCheck {
  const { kind, profile, keySha256: subject, notBefore, notAfter: until } = certificate;
  const name = OWNERS[kind];
  const left = daysUntil(until, at);
  const common = {
    check: 'certificate' as const,
    ...(profile !== undefined && { profile }),
    subject,
    until,
    daysLeft: left,
  };
  if (isOver(until, at)) return { ...common, status: 'failing', message: `${name} certificate has expired` };
  if (at < notBefore) return { ...common, status: 'degraded', message: `${name} certificate is not yet valid` };
  if (until.getTime() - at.getTime() <= lookAheadDays * DAY)
    return { ...common, status: 'degraded', message: `${name} certificate expires soon` };
  return { ...common, status: 'ok', message: `${name} certificate is in date` };
}

function revocationCheck(place: RevocationPlace, at: Date): HealthCheck {
  const { profile, source: subject, thisUpdate, nextUpdate: until, failure: code, isAskedOnDemand = false } = place;
  const common = {
    check: 'revocation' as const,
    profile,
    subject,
    ...(code !== undefined && { code }),
    ...(until && { until, daysLeft: daysUntil(until, at) }),
  };
  if (isAskedOnDemand) {
    return code === undefined
      ? { ...common, status: 'ok', message: 'it answered when it was last asked' }
      : { ...common, status: 'degraded', message: 'it gave no good answer when it was last asked' };
  }
  if (thisUpdate === undefined) return { ...common, status: 'failing', message: 'no revocation information is held' };
  if (until !== undefined && at > until)
    return { ...common, status: 'failing', message: 'the revocation information is past its next update' };
  if (code !== undefined)
    return { ...common, status: 'degraded', message: 'it could not be renewed; what is held is current' };
  if (until !== undefined && isNearEnd(thisUpdate, until, at))
    return { ...common, status: 'degraded', message: 'it is near its next update, and the issuer has no newer one' };
  return { ...common, status: 'ok', message: 'the revocation information is current' };
}

function exceptionCheck({ profile, subject, until }: RevocationException, at: Date): HealthCheck {
  const message = 'an exception to the revocation policy is in force';
  return { check: 'exception', status: 'degraded', profile, subject, message, until, daysLeft: daysUntil(until, at) };
}

function logoutCheck({ clientId: subject, waiting, since }: HealthInputs['logoutBacklog'][number]): HealthCheck {
  const message = `the portal takes no notices of logout: ${waiting} wait, the oldest since ${since.toISOString()}`;
  return { check: 'logout', status: 'degraded', subject, message };
}

function isNearEnd(thisUpdate: Date, nextUpdate: Date, at: Date): boolean {
  const life = nextUpdate.getTime() - thisUpdate.getTime();
  return nextUpdate.getTime() - at.getTime() < life * LAST_PART_OF_LIFE;
}

function isInDate({ notBefore, notAfter }: Pick<CertificateLife, 'notBefore' | 'notAfter'>, at: Date): boolean {
  return at >= notBefore && !isOver(notAfter, at);
}

/** RFC 5280 4.1.2.5: the period includes its last second. */
function isOver(notAfter: Date, at: Date): boolean {
  return Math.floor(at.getTime() / 1000) > Math.floor(notAfter.getTime() / 1000);
}

function daysUntil(end: Date, at: Date): number {
  return Math.floor((end.getTime() - at.getTime()) / DAY);
}
