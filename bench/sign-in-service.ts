/**
 * The decision on a card with its record, as the service composes it: challenge, path, CRLs from files, person, audit
 * record, hand-off, over the SQLite store. Without HTTP, which costs the same whatever the CRL.
 */
import { createSecretKey } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AuditLog } from '../src/audit/audit-log.ts';
import { createCardPresentations } from '../src/authentication/card-presentation.ts';
import { evidenceFromHandshake } from '../src/authentication/client-certificate.ts';
import { systemClock } from '../src/clock.ts';
import { issueCrl } from '../src/demo/authority.ts';
import { createCrlSource } from '../src/network/crl-source.ts';
import { accountIdOf } from '../src/oidc/subject-identifier.ts';
import { parseCertificate } from '../src/pki/certificate.ts';
import { createTrustAnchor } from '../src/pki/trust-anchor.ts';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import { TEST_PROFILE } from '../test/support/document.ts';
import type { BenchAuthority } from './authority.ts';
import { takeTurns } from './measure.ts';

export interface SignInService {
  /** One citizen, from the button to the outcome. @param turn which of the cards */
  signIn(turn: number): Promise<void>;
  /** Resolves when the service next has another CRL. */
  crlReplaced(): Promise<void>;
  close(): Promise<void>;
}

const WEEK = 7 * 86_400_000;
const SUBJECT_KEY = createSecretKey(Buffer.alloc(32, 7));

/**
 * @param directory of this service alone
 * @param crl the file with the issuing CA's CRL
 */
export async function openSignInService(
  directory: string,
  { root, issuing, cards }: BenchAuthority,
  crl: string,
  at: Date,
): Promise<SignInService> {
  await mkdir(directory, { recursive: true });
  const dates = { thisUpdate: at, nextUpdate: new Date(at.getTime() + WEEK), number: 1 };
  const rootCrl = join(directory, 'root.crl');
  await writeFile(rootCrl, issueCrl(root, [], dates));
  const trust = {
    anchors: [createTrustAnchor(parseCertificate(root.certificate))],
    intermediates: [parseCertificate(issuing.certificate)],
  };

  let replaced: (() => void) | undefined;
  const revocation = createCrlSource({
    ...trust,
    locations: [rootCrl, crl],
    allowedHosts: [],
    privateHosts: [],
    clock: systemClock,
    report: ({ source, outcome, code }) => {
      if (outcome === 'failed') throw new Error(`the CRL was not accepted: ${code}`);
      if (source === crl) replaced?.();
    },
  });
  const store = await openSqliteStore({ directory });
  const documents = [{ ...trust, profile: TEST_PROFILE, revocation }];
  const presentations = createCardPresentations({
    documents: async () => documents,
    audit: new AuditLog(store.audit, systemClock),
    clock: systemClock,
    accountIdOf: (identifier) => accountIdOf(identifier, SUBJECT_KEY),
    isSuspended: async () => false,
    challenges: store.challenges,
    handOffs: store.handOffs,
    challengeSeconds: 300,
    handOffSeconds: 60,
    reportUnforeseen: (error) => {
      throw error;
    },
  });
  await revocation.refresh();
  return {
    async signIn(turn) {
      const { challengeId, browserSecret } = await presentations.begin('bench', 'bench-portal');
      const peerCertificate = takeTurns(cards, turn);
      const claim = await presentations.present(challengeId, () =>
        evidenceFromHandshake({ peerCertificate, sessionResumed: false }),
      );
      const outcome = await presentations.collect({ ...claim, browserSecret });
      if (outcome.outcome !== 'authenticated') throw new Error(`the card was refused: ${outcome.code}`);
    },
    crlReplaced: () =>
      new Promise((resolve) => {
        replaced = resolve;
      }),
    async close() {
      revocation.close();
      await store.close();
    },
  };
}
