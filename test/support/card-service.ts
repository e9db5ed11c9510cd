/**
 * The card host behind a proxy together with the decision behind it, over the SQLite store: what an attacker in front
 * of the card host meets. No provider: an outcome is collected where the interaction would collect it.
 */
import { createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditLog } from '../../src/audit/audit-log.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { type CardPresentations, createCardPresentations } from '../../src/authentication/card-presentation.ts';
import { addressOfChallenge } from '../../src/authentication/challenge.ts';
import { type ProxyPreset, trustedPeers } from '../../src/authentication/proxy-certificate.ts';
import { createCardHost } from '../../src/http/card-host.ts';
import { accountIdOf } from '../../src/oidc/subject-identifier.ts';
import { createLog } from '../../src/operations/log.ts';
import { openSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { acceptedDocument } from './acceptance.ts';
import { WITHOUT_ADDRESS_LIMITS } from './address-limits.ts';
import { createTestAuthority, type TestAuthority } from './authority.ts';
import { testClock } from './ports.ts';
import { type Answer, send } from './request.ts';

const DOMAIN = 'card.example.ma';
const SUBJECT_KEY = createSecretKey(Buffer.alloc(32, 7));

export interface CardService {
  readonly authority: TestAuthority;
  readonly presentations: CardPresentations;
  advance(milliseconds: number): void;
  /** Begins a presentation and asks its card address, with these headers, as the peer 127.0.0.1. */
  present(headers: Readonly<Record<string, string | readonly string[]>>): Promise<Presented>;
  events(): Promise<readonly AuditEvent[]>;
  /** Everything that the service wrote to its log, once it is disposed of. */
  dispose(): Promise<string>;
}

export interface Presented {
  readonly answer: Answer;
  readonly challengeId: string;
  readonly browserSecret: string;
  readonly interaction: string;
  /** The hand-off in the address that the browser is sent to. */
  readonly token: string;
}

export async function startCardService(preset: ProxyPreset, peers: readonly string[]): Promise<CardService> {
  const directory = mkdtempSync(join(tmpdir(), 'thiqa-card-service-'));
  const logFile = join(directory, 'service.log');
  const store = await openSqliteStore({ directory });
  const { clock, advance } = testClock();
  const log = createLog('debug', logFile);
  const audit = new AuditLog(store.audit, clock);
  const authority = createTestAuthority();
  const presentations = createCardPresentations({
    documents: async () => [acceptedDocument(authority)],
    audit,
    clock,
    accountIdOf: (identifier) => accountIdOf(identifier, SUBJECT_KEY),
    isSuspended: async () => false,
    challenges: store.challenges,
    handOffs: store.handOffs,
    challengeSeconds: 300,
    handOffSeconds: 60,
    reportUnforeseen: (error) => log.failure('authenticate-citizen', error),
  });
  const issuer = 'https://id.example.ma';
  const server = createCardHost({
    issuer,
    domain: DOMAIN,
    presentations,
    mode: { kind: 'header', preset, peers: trustedPeers(peers) },
    handshakeSeconds: 10,
    ...WITHOUT_ADDRESS_LIMITS,
    assets: issuer,
    log,
    audit,
    clock,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server's address is an object
  let interactions = 0;
  return {
    authority,
    presentations,
    advance,
    async present(headers) {
      const interaction = `interaction-${++interactions}`;
      const { challengeId, browserSecret } = await presentations.begin(interaction, 'passport-renewal');
      const { label, path } = addressOfChallenge(challengeId);
      const answer = await send({ port, path, headers: { Host: `${label}.${DOMAIN}`, ...headers } });
      const token = URL.parse(answer.headers.location ?? '')?.searchParams.get('hand-off') ?? '';
      return { answer, challengeId, browserSecret, interaction, token };
    },
    events: async () => (await store.audit.read(0, 10_000)).map(({ event }) => event),
    async dispose() {
      server.close();
      await once(server, 'close');
      await store.close();
      // The log writes when it can: one line more, and all are there.
      const last = 'end of the test';
      log.info(last);
      let text = '';
      while (!text.includes(last)) {
        await new Promise(setImmediate);
        text = readFileSync(logFile, { encoding: 'utf8', flag: 'a+' });
      }
      rmSync(directory, { recursive: true });
      return text;
    },
  };
}

/** `Client-Cert` of RFC 9440. */
export function byteSequence(certificate: Uint8Array): string {
  return `:${Buffer.from(certificate).toString('base64')}:`;
}
