/**
 * Which citizen an officer means: by the account of the audit log, or by the national number. The number comes from
 * standard input alone, since arguments are there for every process of the machine to see, and is said nowhere.
 */
import { createInterface } from 'node:readline';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { AuditLog } from '../audit/audit-log.ts';
import { loadConfig } from '../config.ts';
import { ConfigurationError, IdentityError } from '../errors.ts';
import { type IdentifierRule, readGivenIdentifier } from '../identity/national-identifier.ts';
import { readKeys } from '../keys-directory.ts';
import { requireSubjectKey } from '../oidc/keys/first-ring.ts';
import { SealedRing } from '../oidc/keys/sealed-ring.ts';
import { accountIdOf } from '../oidc/subject-identifier.ts';
import type { Store } from '../store/store.ts';

export interface NamedCitizen {
  readonly config: string;
  readonly account?: string;
  readonly profile?: string;
}

export function addCitizenOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--account <account>', '`accountId` of the audit log; else the national number, on standard input')
        .argParser(parseAccount)
        .conflicts('profile'),
    )
    .option('--profile <id>', 'the document that the number stands on, where the configuration has several');
}

function parseAccount(text: string): string {
  if (!/^[\w-]{43}$/.test(text)) throw new InvalidArgumentError('an account has 43 characters, as in the audit log');
  return text;
}

/**
 * @returns the accountId
 * @throws IdentityError ATTRIBUTE_MISSING, ATTRIBUTE_MALFORMED; ConfigurationError TRUST_PROFILE_UNKNOWN,
 *   SUBJECT_KEY_CHANGED, STORE_KEY_CHANGED, KEYS_MISSING
 */
export async function accountOf(
  { account, profile, config: configFile }: NamedCitizen,
  store: Store,
  audit: AuditLog,
): Promise<string> {
  if (account !== undefined) return account;
  const { documents, keys: settings } = loadConfig(configFile, process.env);
  const rule = ruleOf(
    documents.map((document) => document.profile),
    profile,
  );
  const { subjectKey, storeKey } = readKeys(settings.directory, settings.storeKey);
  // With another key the number would name somebody who does not exist.
  const opened = await new SealedRing({ store: store.keyRing, storeKey, audit }).read();
  if (opened !== undefined) requireSubjectKey(opened.ring, subjectKey);
  return accountIdOf(readGivenIdentifier(await givenNumber(), rule), subjectKey);
}

interface NumberedProfile {
  readonly id: string;
  readonly nationalIdentifier: { readonly rule: IdentifierRule };
}

function ruleOf(profiles: readonly NumberedProfile[], wanted: string | undefined): IdentifierRule {
  const candidates = profiles.filter(({ id }) => wanted === undefined || id === wanted);
  const rules = new Map(
    candidates.map(({ nationalIdentifier: { rule } }) => [`${rule.country} ${rule.register} ${rule.pattern}`, rule]),
  );
  const [rule] = rules.values();
  if (rule === undefined || rules.size > 1) {
    throw new ConfigurationError('TRUST_PROFILE_UNKNOWN', 'name one document of the configuration with --profile', {
      detail: { profiles: profiles.map(({ id }) => id) },
    });
  }
  return rule;
}

/** Of several lines one alone would be heeded, and nobody told of the others. */
async function givenNumber(): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('The national number: ');
  let given: string | undefined;
  for await (const line of createInterface({ input: process.stdin, terminal: false })) {
    if (line.trim() === '') continue;
    if (given !== undefined) {
      throw new IdentityError(
        'ATTRIBUTE_REPEATED',
        'standard input has more than one line; a command is for one number',
      );
    }
    given = line;
    // Who types has said it with the first line.
    if (process.stdin.isTTY) break;
  }
  if (given === undefined) throw new IdentityError('ATTRIBUTE_MISSING', 'standard input has no national number');
  return given;
}
