/**
 * One code, four places: errors.ts says what it means, error-response.ts what the outside may know, the locales what
 * the citizen reads, docs/errors.md what the operator reads. Here they agree: none missing, none orphaned.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { CARD_DEFINITIONS } from '../../src/demo/card-catalogue.ts';
import {
  CertificateError,
  CODES,
  type Code,
  EvidenceError,
  RevocationError,
  ServiceError,
  ThiqaError,
} from '../../src/errors.ts';
import { describeCode, describeError, REFUSAL_MESSAGES } from '../../src/http/error-response.ts';

const file = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

const sentences = new Map(
  Object.values(CODES).flatMap((kind) => Object.entries(kind) as [Code, string][]), // Object.entries forgets the key type
);
const codes = [...sentences.keys()];
const descriptions = codes.map(describeCode);

const PARTS = ['title', 'explanation', 'next'];
const locales = readdirSync(new URL('../../src/http/locales/', import.meta.url)).map((name) => ({
  name,
  texts: JSON.parse(file(`src/http/locales/${name}`)) as Record<string, unknown>,
}));

describe('the table of error codes', () => {
  it('has an HTTP error status for every code', () => {
    for (const { code, status } of descriptions) expect(status, code).to.be.within(400, 599);
  });

  it('has every message for the citizen in use, and uses no other', () => {
    const used = new Set(descriptions.map(({ messageKey }) => messageKey));
    expect([...used]).to.have.members([...REFUSAL_MESSAGES]);
  });

  it('asks to try again later, and blames nobody, where a limit is reached', () => {
    expect(describeCode('TOO_MANY_REQUESTS')).to.include({ status: 429, oauth: 'temporarily_unavailable' });
  });

  it('blames the service, never the portal, for a status of 500 and above, and the other way round', () => {
    for (const { code, status, oauth } of descriptions.filter(({ status }) => status !== 429)) {
      expect(['server_error', 'temporarily_unavailable'].includes(oauth), code).to.equal(status >= 500);
      expect(oauth === 'temporarily_unavailable', code).to.equal(status === 503);
    }
  });

  it('says temporarily unavailable of every revocation code but the two that an issuer has pronounced', () => {
    for (const code of Object.keys(CODES.revocation) as (keyof typeof CODES.revocation)[]) {
      const pronounced = { CERT_REVOKED: 'card-revoked', CERT_ON_HOLD: 'card-on-hold' }[code as string];
      expect(describeCode(code).messageKey, code).to.equal(pronounced ?? 'revocation-unavailable');
      expect(describeCode(code).status, code).to.equal(pronounced ? 403 : 503);
    }
  });
});

describe('what the outside may know of a thrown value', () => {
  it('is what the table says of its code', () => {
    expect(describeError(new CertificateError('CERT_EXPIRED', 'at a time'))).to.deep.equal({
      code: 'CERT_EXPIRED',
      status: 403,
      oauth: 'access_denied',
      messageKey: 'card-expired',
    });
    expect(describeError(new RevocationError('REVOCATION_STALE', 'past')).oauth).to.equal('temporarily_unavailable');
    expect(describeError(new EvidenceError('HANDOFF_OTHER_BROWSER', 'cookie')).code).to.equal('HANDOFF_OTHER_BROWSER');
    expect(describeError(new ServiceError('REQUEST_TOO_LARGE', 'body')).status).to.equal(413);
  });

  it('is INTERNAL for anything that is not ours, whatever it says of itself', () => {
    const forged = Object.assign(new Error('x'), { code: 'CERT_EXPIRED', status: 200, kind: 'certificate' });
    for (const thrown of [forged, new TypeError('x'), { code: 'CERT_EXPIRED' }, 'CERT_EXPIRED', null, undefined, 7]) {
      expect(describeError(thrown).code).to.equal('INTERNAL');
    }
  });

  it('is INTERNAL for an error of our class with a code that the table does not have', () => {
    class StrangeError extends ThiqaError {
      readonly kind = 'service';
    }
    for (const code of ['toString', '__proto__', 'NO_SUCH_CODE']) {
      expect(describeError(new StrangeError(code as Code, 'x')).code).to.equal('INTERNAL'); // a code that the type forbids
    }
  });

  it("names a request that koa's middleware turned away by its status", () => {
    const turnedAway = (status: number, expose = true): Error => Object.assign(new Error('x'), { status, expose });
    expect(describeError(turnedAway(413)).code).to.equal('REQUEST_TOO_LARGE');
    expect(describeError(turnedAway(429)).code).to.equal('TOO_MANY_REQUESTS');
    expect(describeError(turnedAway(404)).code).to.equal('PAGE_NOT_FOUND');
    expect(describeError(turnedAway(400)).code).to.equal('REQUEST_MALFORMED');
    expect(describeError(turnedAway(415)).code).to.equal('REQUEST_MALFORMED');
    expect(describeError(turnedAway(500)).code).to.equal('INTERNAL');
    expect(describeError(turnedAway(413, false)).code).to.equal('INTERNAL');
  });
});

describe('the texts of the languages', () => {
  const french = Object.keys(locales.find(({ name }) => name === 'fr.json')?.texts ?? {});

  it('are Arabic, French, English and Standard Moroccan Tamazight', () => {
    expect(locales.map(({ name }) => name)).to.have.members(['ar.json', 'fr.json', 'en.json', 'zgh.json']);
  });

  it('are in Tifinagh in zgh.json, but for the names of techniques and of the service', () => {
    const { texts = {} } = locales.find(({ name }) => name === 'zgh.json') ?? {};
    for (const [key, text] of Object.entries(texts)) {
      if (key === 'language.direction' || key === 'language.tag') continue;
      const words = String(text).replace(/\{\{\w+\}\}|\b(?:Thiqa|PIN|Web eID|cookies)\b/g, '');
      // IRCAM's alphabet, and no other letter of Unicode's block.
      expect(words, key).to.match(/^[ⴰⴱⴳⴷⴹⴻⴼⴽⵀⵃⵄⵅⵇⵉⵊⵍⵎⵏⵓⵔⵕⵖⵙⵚⵛⵜⵟⵡⵢⵣⵥⵯ\s.,:?«»…]*$/);
    }
  });

  for (const { name, texts } of locales) {
    it(`have the same keys in ${name} as in fr.json, none empty, with the same parameters`, () => {
      expect(Object.keys(texts)).to.have.members(french);
      for (const [key, text] of Object.entries(texts)) {
        expect(text, key).to.be.a('string').that.matches(/\S/);
        expect(parametersOf(text), key).to.deep.equal(
          parametersOf(locales.find((l) => l.name === 'fr.json')?.texts[key]),
        );
      }
    });

    it(`tell the citizen, in ${name}, what happened and what to do for each message of the table, and for no other`, () => {
      const expected = REFUSAL_MESSAGES.flatMap((message) => PARTS.map((part) => `refusal.${message}.${part}`));
      expect(Object.keys(texts).filter((key) => key.startsWith('refusal.'))).to.have.members(expected);
    });
  }

  it('are all in use, and a page uses no other', () => {
    const sources = ['src/http/', 'src/demo/virtual-card/']
      .flatMap((folder) =>
        readdirSync(new URL(`../../${folder}`, import.meta.url), { recursive: true, encoding: 'utf8' })
          .filter((name) => name.endsWith('.eta') || name.endsWith('.ts'))
          .map((name) => file(folder + name)),
      )
      .join('\n');
    const literal = new Set([...sources.matchAll(/'([a-z_-]+(?:\.[a-z_-]+)+)'/g)].map((match) => match[1]));
    for (const { id } of CARD_DEFINITIONS) literal.add(`virtual-card.card.${id}`);
    for (const key of french) if (!key.startsWith('refusal.')) expect(literal.has(key), `${key} in use`).to.equal(true);
    for (const [, key] of sources.matchAll(/\bt\('([^']+)'[,)]/g)) expect(french).to.include(key);
  });
});

describe('docs/errors.md', () => {
  // However wide its columns are.
  const rows = [
    ...file('docs/errors.md')
      .replace(/ +/g, ' ')
      .matchAll(/^\| `([A-Z_]+)` .*$/gm),
  ];

  it('has one row for each code, in the order of errors.ts', () => {
    expect(rows.map((row) => row[1])).to.deep.equal(codes);
  });

  it('says of each what errors.ts and the table say', () => {
    const expected = descriptions.map(
      ({ code, status, oauth, messageKey }) =>
        `| \`${code}\` | ${sentences.get(code)} | ${status} | \`${oauth}\` | \`${messageKey}\` |`,
    );
    expect(rows.map((row) => row[0])).to.deep.equal(expected);
  });
});

function parametersOf(text: unknown): string[] {
  return [...new Set([...String(text).matchAll(/\{\{\s*(\w+)\s*\}\}/g)].map((match) => match[1] ?? ''))].sort();
}
