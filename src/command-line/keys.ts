/**
 * `thiqa keys`: the keys of the service. They change while it runs; every process follows within seconds.
 */
import type { KeyObject } from 'node:crypto';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { systemClock } from '../clock.ts';
import { loadConfig } from '../config.ts';
import { ConfigurationError } from '../errors.ts';
import { generateKeys, nextStoreKey, readKeys, type ServiceKeys } from '../keys-directory.ts';
import { acceptSubjectKey } from '../oidc/keys/first-ring.ts';
import { type Asking, activateKey, announceKey, type KeyPolicy, removeKey, retireKey } from '../oidc/keys/key-life.ts';
import { keyPolicy } from '../oidc/keys/key-policy.ts';
import { DEFAULT_ALGORITHM, KEY_ALGORITHMS, type KeyAlgorithm, type KeyRing } from '../oidc/keys/key-ring.ts';
import { type ListedKey, listKeys } from '../oidc/keys/list-keys.ts';
import { SealedRing } from '../oidc/keys/sealed-ring.ts';
import { generateKey } from '../oidc/signing-keys.ts';
import { withStore } from './store-access.ts';
import { configOption, EXIT_REFUSED, print } from './terminal.ts';

const kidArgument = ['<kid>', 'as `keys list` prints it; one that begins with a hyphen comes last, after --'] as const;

interface Ring {
  readonly ring: SealedRing;
  /** The same ring under another store key. */
  readonly ringSealedWith: (storeKey: KeyObject) => SealedRing;
  readonly keys: ServiceKeys;
  readonly policy: KeyPolicy;
  readonly asking: Asking;
}

export function addKeysCommand(program: Command): void {
  const keys = program.command('keys').description('the keys of the service, while it runs');
  keys
    .command('generate')
    .description('make every key that the keys directory lacks; never replaces one')
    .option('--directory <folder>', 'the keys directory', 'keys')
    .action(async ({ directory }: { directory: string }) => {
      const made = await generateKeys(resolve(directory));
      print(made.length === 0 ? 'every key is there' : made.map((name) => `made ${name}`).join('\n'));
    });
  keys
    .command('list')
    .description('print every key with its state and times, one JSON object a line; never a private part')
    .requiredOption(...configOption)
    .action(({ config }: { config: string }) =>
      withRing(config, async ({ ring, policy }) => {
        const opened = await ring.read();
        for (const listed of opened ? listKeys(opened.ring, policy) : []) print(JSON.stringify(keyJson(listed)));
      }),
    );
  keys
    .command('announce')
    .description('make the next key of an algorithm; running services publish it, and it does not sign yet')
    .addOption(
      new Option('--algorithm <name>', 'what it signs with; HS1 is for cookies')
        .choices(KEY_ALGORITHMS)
        .default(DEFAULT_ALGORITHM),
    )
    .requiredOption(...configOption)
    .action(async ({ algorithm, config }: { algorithm: KeyAlgorithm; config: string }) => {
      const material = await generateKey(algorithm);
      await change(config, material.kid, (ring, { asking }) => announceKey(ring, material, asking));
    });
  keys
    .command('activate')
    .description('let a published key sign from now on; the one that signed is retired')
    .argument(...kidArgument)
    .option('--early', 'although portals may not know it yet: they refuse its tokens until they fetch the keys', false)
    .requiredOption(...configOption)
    .action((kid: string, { early, config }: { early: boolean; config: string }) =>
      change(config, kid, (ring, { asking, policy }) => activateKey(ring, kid, asking, { policy, early })),
    );
  keys
    .command('retire')
    .description('withdraw a key that has not signed yet, or end an algorithm')
    .argument(...kidArgument)
    .option('--last', 'although it signs and nothing takes its place: its portals are refused from now on', false)
    .requiredOption(...configOption)
    .action((kid: string, { last, config }: { last: boolean; config: string }) =>
      change(config, kid, (ring, { asking }) => retireKey(ring, kid, asking, { last })),
    );
  keys
    .command('remove')
    .description('take a retired key out of the JWK set; the service does so by itself when its time has come')
    .argument(...kidArgument)
    .option('--early', 'although tokens that it signed have not expired: they verify no more', false)
    .requiredOption(...configOption)
    .action((kid: string, { early, config }: { early: boolean; config: string }) =>
      change(config, kid, (ring, { asking, policy }) => removeKey(ring, kid, asking, { policy, early })),
    );
  keys
    .command('reseal')
    .description('seal the keys in the store with another store key; the former one opens them no more')
    .requiredOption('--next <file>', 'with that key; made where it is absent')
    .requiredOption(...configOption)
    .action(({ next, config }: { next: string; config: string }) =>
      withRing(config, async ({ ring, ringSealedWith }) => {
        const file = resolve(next);
        const isChanged = await ring.reseal(ringSealedWith(nextStoreKey(file)));
        const then = `put ${file} in the place of store.key on every machine, then reload or start every process`;
        print(JSON.stringify({ verdict: isChanged ? 'resealed' : 'unchanged', then }, undefined, 2));
      }),
    );
  keys
    .command('accept-subject-key')
    .description(
      'start with another subject key from now on: every citizen becomes a stranger to every portal, for good',
    )
    .option('--confirm <fingerprint>', 'of the key that is to be accepted, as this command prints it')
    .requiredOption(...configOption)
    .action(({ confirm, config }: { confirm?: string; config: string }) =>
      withRing(config, ({ ring, keys }) => acceptOrExplain(ring, keys, confirm)),
    );
}

/** @throws what the ring throws; a command must not change what a service of this configuration could not open */
async function withRing(configFile: string, use: (ring: Ring) => Promise<void>): Promise<void> {
  const { keys: settings, lifetimes } = loadConfig(configFile, process.env);
  const keys = readKeys(settings.directory, settings.storeKey);
  await withStore(configFile, (store, audit) => {
    const ringSealedWith = (storeKey: KeyObject) => new SealedRing({ store: store.keyRing, storeKey, audit });
    return use({
      ring: ringSealedWith(keys.storeKey),
      ringSealedWith,
      keys,
      policy: keyPolicy(settings, lifetimes),
      asking: { by: 'officer', at: systemClock() },
    });
  });
}

function change(configFile: string, kid: string, rule: (ring: KeyRing, parts: Ring) => KeyRing): Promise<void> {
  return withRing(configFile, async (parts) => {
    const { ring } = await parts.ring.change((before) => rule(before, parts));
    const changed = listKeys(ring, parts.policy).find((key) => key.kid === kid);
    print(JSON.stringify(changed && keyJson(changed), undefined, 2));
  });
}

function keyJson({ readyAt, removedFrom, ...key }: ListedKey) {
  return { ...key, ready_at: readyAt, removed_from: removedFrom };
}

const COST =
  'Every account and every `sub` is derived from the subject key. With another one every citizen comes to every portal ' +
  'as somebody new, consents are asked again, and what portals hold of their citizens cannot be matched any more. ' +
  'There is no way back but the former key. Stop every process of the service first.';

async function acceptOrExplain(ring: SealedRing, keys: ServiceKeys, confirmed: string | undefined): Promise<void> {
  try {
    const { changed, present } = await acceptSubjectKey(ring, keys.subjectKey, confirmed);
    print(JSON.stringify({ verdict: changed ? 'accepted' : 'unchanged', fingerprint: present }, undefined, 2));
  } catch (error) {
    if (!(error instanceof ConfigurationError) || error.code !== 'SUBJECT_KEY_CHANGED') throw error;
    const { recorded, present } = error.detail;
    const next = `repeat the command with --confirm ${String(present)}`;
    print(JSON.stringify({ code: error.code, cost: COST, recorded, present, to_accept: next }, undefined, 2));
    process.exitCode = EXIT_REFUSED;
  }
}
