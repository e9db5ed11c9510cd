/**
 * What a sandbox serves so that its pages have virtual cards: a script that stands where the Web eID extension would, its
 * style sheet, and the ten cards of the demonstration with their keys under a PIN. Loaded by a service only whose
 * configuration says `sandbox`; every other one answers 404 here.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Middleware } from 'koa';
import { requestLocale } from '../../http/request-language.ts';
import type { Sandbox } from '../../http/sandbox.ts';
import { CARD_DEFINITIONS } from '../card-catalogue.ts';
import { demonstrationPaths, folderUnusable } from '../demonstration-files.ts';
import { renderDialogue, type VirtualCard } from './dialogue.ts';
import { encryptKey, VIRTUAL_CARD_PIN } from './encrypted-key.ts';

export interface VirtualCardOptions {
  /** The demonstration's folder, where its cards are. */
  readonly directory: string;
  readonly issuer: string;
}

const FOLDER = '/sandbox/virtual-card/';
const SCRIPT = 'text/javascript; charset=utf-8';
const FILES = {
  'virtual-card.js': SCRIPT,
  'card-reader.js': SCRIPT,
  'card-key.js': SCRIPT,
  'virtual-card.css': 'text/css; charset=utf-8',
} as const;

/** @throws ConfigurationError CONFIG_UNREADABLE when the folder holds no cards */
export function createVirtualCards({ directory, issuer }: VirtualCardOptions): NonNullable<Sandbox['virtualCards']> {
  const encrypt = readCards(directory);
  let cards: Promise<readonly VirtualCard[]> | undefined;
  const files = new Map(
    Object.entries(FILES).map(([name, type]) => [
      FOLDER + name,
      { type, body: readFileSync(new URL(`./page/${name}`, import.meta.url)) },
    ]),
  );
  const routes: Middleware = async (ctx, next) => {
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') return next();
    const file = files.get(ctx.path);
    if (file !== undefined) {
      ctx.type = file.type;
      ctx.body = file.body;
      return undefined;
    }
    if (ctx.path !== `${FOLDER}dialogue`) return next();
    cards ??= encrypt();
    ctx.type = 'html';
    ctx.body = renderDialogue(await cards, requestLocale(ctx));
    return undefined;
  };
  const address = (name: string): string => new URL(FOLDER + name, issuer).href;
  return { routes, folder: address(''), script: address('virtual-card.js'), styleSheet: address('virtual-card.css') };
}

/** Read at once, so that a folder without cards stops the start; encrypted when the first citizen wants one. */
function readCards(directory: string): () => Promise<readonly VirtualCard[]> {
  const paths = demonstrationPaths(directory);
  const read = CARD_DEFINITIONS.map((definition) => {
    const files = paths.card(definition.id);
    try {
      const { raw, validToDate } = new X509Certificate(readFileSync(files.certificatePath));
      const key = createPrivateKey(readFileSync(files.keyPath)).export({ type: 'pkcs8', format: 'der' });
      return { definition, certificate: raw.toString('base64'), expiresAt: validToDate, key };
    } catch (cause) {
      throw folderUnusable(directory, cause);
    }
  });
  return () => Promise.all(read.map(async (card) => ({ ...card, key: await encryptKey(card.key, VIRTUAL_CARD_PIN) })));
}
