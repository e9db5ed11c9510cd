import { createPrivateKey, createPublicKey, verify, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import Koa from 'koa';
import { CARD_DEFINITIONS } from '../../src/demo/card-catalogue.ts';
import { type Demonstration, prepareDemonstration } from '../../src/demo/cards.ts';
import { VIRTUAL_CARD_PIN } from '../../src/demo/virtual-card/encrypted-key.ts';
import { createVirtualCards } from '../../src/demo/virtual-card/virtual-cards.ts';
import { signWebEidToken } from '../../src/demo/web-eid-token.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { type Answer, get } from '../support/request.ts';

const ISSUER = 'http://localhost:4000';
const NONCE = Buffer.alloc(32, 5).toString('base64');
const FOLDER = '/sandbox/virtual-card/';

/** The page's own module, which a browser loads as it is. */
type SignChallenge = (
  card: Readonly<Record<string, string>>,
  pin: string,
  origin: string,
  nonce: string,
) => Promise<string | undefined>;
const pageModule = new URL('../../src/demo/virtual-card/page/card-key.js', import.meta.url).href;
const { signChallenge } = (await import(pageModule)) as { signChallenge: SignChallenge }; // plain JavaScript: it has no types

async function isSignedBy(key: string, signature: string, origin: string, nonce: string): Promise<boolean> {
  const hashes = await Promise.all(
    [origin, nonce].map(async (text) => Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(text)))),
  );
  return verify(
    'sha256',
    Buffer.concat(hashes),
    { key: createPublicKey(key), dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64'),
  );
}

describe('virtual cards', () => {
  let directory: string;
  let demonstration: Demonstration;
  let app: Koa;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'thiqa-virtual-'));
    demonstration = await prepareDemonstration(directory, new Date('2026-06-01T12:00:00Z'));
    app = new Koa();
    app.use(createVirtualCards({ directory, issuer: ISSUER }).routes);
  });
  after(() => rmSync(directory, { recursive: true }));

  const dialogue = (language = 'en'): Promise<Answer> => get(app, `${FOLDER}dialogue?lang=${language}`);
  const fileOf = (id: string) => {
    const files = demonstration.cards.find((card) => card.id === id);
    if (files === undefined) throw new TypeError(`no card ${id}`);
    return { certificatePem: readFileSync(files.certificatePath), keyPem: readFileSync(files.keyPath, 'utf8') };
  };
  /** As `dataset` of the button of the card. */
  const datasetOf = (page: string, id: string): Record<string, string> => {
    const tag = new RegExp(`<button[^>]*data-card="${id}"[^>]*>`).exec(page)?.[0] ?? '';
    return Object.fromEntries([...tag.matchAll(/data-(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
  };

  it('are the ten cards of the demonstration, each with its own certificate', async () => {
    const { body } = await dialogue();
    for (const { id } of CARD_DEFINITIONS) {
      const { certificate = '' } = datasetOf(body, id);
      expect(new X509Certificate(Buffer.from(certificate, 'base64')).raw, id).to.deep.equal(
        new X509Certificate(fileOf(id).certificatePem).raw,
      );
    }
    expect(body.match(/data-card="/g)).to.have.length(10);
  });

  for (const [language, title, name] of [
    ['ar', 'قارئ البطاقات الافتراضي', 'يوسف بنعلي'],
    ['fr', 'Lecteur de cartes virtuel', 'Youssef Benali'],
    ['en', 'Virtual card reader', 'Youssef Benali'],
    ['zgh', 'ⴰⵎⵖⵔⵉ ⵏ ⵜⴽⴰⵕⴹⵉⵡⵉⵏ ⵏ ⵡⴰⵔⴰⵎ', 'Youssef Benali'],
  ] as const) {
    it(`are shown in ${language}, with the names on them as they are`, async () => {
      const { status, headers, body } = await dialogue(language);
      expect(status).to.equal(200);
      expect(headers['content-type']).to.match(/^text\/html/);
      expect(body).to.include(title).and.to.include(name);
      expect(body).not.to.match(/undefined|\[object|<script|style=|\son\w+=/i);
    });
  }

  it('reach the browser without a key that is not encrypted', async () => {
    const { body } = await dialogue();
    for (const { id } of CARD_DEFINITIONS) {
      const { d = '' } = createPrivateKey(fileOf(id).keyPem).export({ format: 'jwk' });
      const pkcs8 = createPrivateKey(fileOf(id).keyPem).export({ type: 'pkcs8', format: 'der' });
      expect(body).not.to.include(d).and.not.to.include(pkcs8.toString('base64').slice(40, 80));
      expect(Buffer.from(datasetOf(body, id).key ?? '', 'base64').includes(Buffer.from(d, 'base64url'))).to.equal(
        false,
      );
    }
  });

  it('sign HASH(origin) || HASH(nonce) with the right PIN, raw r || s', async () => {
    const card = datasetOf((await dialogue()).body, 'valid');
    const signature = (await signChallenge(card, VIRTUAL_CARD_PIN, ISSUER, NONCE)) ?? '';
    const { keyPem } = fileOf('valid');
    expect(Buffer.from(signature, 'base64')).to.have.length(64);
    expect(await isSignedBy(keyPem, signature, ISSUER, NONCE)).to.equal(true);
    expect(await isSignedBy(keyPem, signature, `${ISSUER}/`, NONCE)).to.equal(false);
  });

  for (const pin of ['', '1235', ' 1234', '12345']) {
    it(`do not sign with the PIN ${JSON.stringify(pin)}`, async () => {
      const card = datasetOf((await dialogue()).body, 'valid');
      expect(await signChallenge(card, pin, ISSUER, NONCE)).to.equal(undefined);
    });
  }

  it('serve the files of the page and nothing else', async () => {
    for (const name of ['virtual-card.js', 'card-reader.js', 'card-key.js', 'virtual-card.css']) {
      const { status, headers } = await get(app, FOLDER + name);
      expect(status, name).to.equal(200);
      expect(headers['content-type'], name).to.match(name.endsWith('.js') ? /^text\/javascript/ : /^text\/css/);
    }
    for (const path of [
      FOLDER,
      `${FOLDER}../virtual-cards.ts`,
      `${FOLDER}__proto__`,
      '/sandbox/',
      `${FOLDER}dialogue/`,
    ]) {
      expect((await get(app, path)).status, path).to.equal(404);
    }
    expect((await get(app, `${FOLDER}dialogue`, {}, 'POST')).status).to.equal(404);
  });

  it('are not to be had from a folder without cards', () => {
    expect(() => createVirtualCards({ directory: join(directory, 'nothing'), issuer: ISSUER }))
      .to.throw(ConfigurationError)
      .with.property('code', 'CONFIG_UNREADABLE');
  });

  it('sign the same from a card file, without a browser', async () => {
    const card = fileOf('valid');
    const token = signWebEidToken(card, ISSUER, NONCE);
    expect(token).to.include({ algorithm: 'ES256', format: 'web-eid:1.0' });
    expect(await isSignedBy(card.keyPem, token.signature, ISSUER, NONCE)).to.equal(true);
  });
});
