/**
 * S21: settings that behave differently from file and from code. Here: each value that is read from the file behaves the
 * same when it comes from the environment, and when the program passes it; a bad one is the same problem.
 */
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { type Config, loadConfig, parseConfig, problemsOf } from '../../src/config.ts';
import type { Problem } from '../../src/config-sources.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { configurationFolder } from '../support/configuration.ts';

const folder = configurationFolder();
after(() => folder.remove());

type Outcome = { readonly config: Config } | { readonly problems: readonly Problem[] };

function outcomeOf(read: () => Config): Outcome {
  try {
    return { config: read() };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { problems: problemsOf(error) };
  }
}

/** `cardHost.listen.port` -> `THIQA_CARD_HOST__LISTEN__PORT` */
const variableOf = (path: string): string =>
  `THIQA_${path
    .replaceAll('.', '__')
    .replace(/[A-Z]/g, (capital) => `_${capital}`)
    .toUpperCase()}`;

function withValue(settings: Readonly<Record<string, unknown>>, path: readonly string[], value: unknown): object {
  const [name = '', ...rest] = path;
  const section = (settings[name] ?? {}) as Record<string, unknown>; // a section, or none
  return { ...settings, [name]: rest.length === 0 ? value : withValue(section, rest, value) };
}

const { document } = folder;
const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  issuer: ['https://other.example.ma', 'http://localhost:4000', 'http://id.example.ma', '', null, 7, true],
  'listen.host': ['0.0.0.0', '::', '', 7],
  'listen.port': [1, 65_535, 0, 65_536, '4000', 4000.5, null],
  'cardHost.domain': ['cards.example.ma', 'CARDS.example.ma', '*.example.ma', 'no'],
  'cardHost.publicPort': [443, 4443, 0, '443'],
  'cardHost.listen.host': ['127.0.0.2', ''],
  'cardHost.listen.port': [5443, -1],
  'cardHost.mode': ['tls', 'header', 'TLS', 'off', false],
  'cardHost.tls.certificate': ['other.pem', '/etc/other.pem', ''],
  'cardHost.tls.key': ['other.key', ''],
  'cardHost.header': [{ preset: 'nginx', trustedPeers: ['10.0.0.5'] }, { preset: 'rfc9440', trustedPeers: [] }, {}],
  store: ['sqlite:elsewhere', 'mongodb://db.example/thiqa', 'sqlite:', 'memory'],
  'keys.directory': ['other-keys', '/etc/keys', ''],
  'keys.storeKey': ['A'.repeat(43), 'A'.repeat(42), '', 7, null],
  'keys.publishSeconds': [1, 86_400, 0, 'day'],
  'keys.cacheSeconds': [1, 0, null],
  'keys.rotateAfterDays': [1, 90, 0, 'never'],
  documents: [[document], [document, document], [], [{ ...document, crls: [] }], 'all'],
  ...Object.fromEntries(
    [
      'challengeSeconds',
      'handOffSeconds',
      'interactionSeconds',
      'sessionSeconds',
      'authorizationCodeSeconds',
      'accessTokenSeconds',
      'idTokenSeconds',
      'logoutNoticeSeconds',
    ].map((name) => [`lifetimes.${name}`, [1, 60, 0, 1e9, '60', '060', null, true]]),
  ),
  'revocation.refreshIntervalSeconds': [60, 0, 'never'],
  'revocation.allowedHosts': [['a.example'], [], 'a.example', [7]],
  'revocation.privateHosts': [['a.example'], [], null],
  'revocation.indexDirectory': ['indexes', '', 7],
  'limits.enabled': [true, false, 'no', null],
  'limits.perAddress.points': [1, 600, 0, '600'],
  'limits.perAddress.seconds': [1, 3600, 0, 3601],
  'limits.perClient.points': [1, 0, null],
  'limits.perClient.seconds': [60, -1],
  'limits.connectionsPerAddress': [1, 500, 0, 100_001, '500'],
  'limits.trustedProxies': [['10.0.0.5'], [], ['0.0.0.0/0'], '10.0.0.5'],
  'log.level': ['debug', 'silent', 'loud', null],
  'health.lookAheadDays': [1, 30, 0, 'soon'],
  drainSeconds: [1, 0, 301, 'now'],
  workers: [1, 4, 0, 65, 'many'],
  'lifetimes.unknown': [1],
  unknown: ['x'],
};

describe('S21: a setting means the same wherever it stands', () => {
  for (const [path, values] of Object.entries(VALUES)) {
    for (const value of values) {
      it(`${path} = ${JSON.stringify(value)}`, () => {
        const changed = withValue(folder.settings, path.split('.'), value);
        const write = (settings: unknown): string => join(folder.path, folder.write('thiqa.yaml', stringify(settings)));
        const fromProgram = outcomeOf(() => parseConfig(changed, folder.path));
        const fromFile = outcomeOf(() => loadConfig(write(changed), {}));
        const fromEnvironment = outcomeOf(() =>
          loadConfig(write(folder.settings), { [variableOf(path)]: stringify(value) }),
        );
        expect(fromFile).to.deep.equal(fromProgram);
        expect(fromEnvironment).to.deep.equal(fromProgram);
      });
    }
  }

  it('every setting was tried', () => {
    const config = parseConfig(folder.settings, folder.path);
    const leavesOf = (value: unknown, at: string): string[] =>
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      !['documents', 'store', 'cardHost.header'].includes(at)
        ? Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, at === '' ? name : `${at}.${name}`))
        : [at];
    expect(Object.keys(VALUES)).to.include.members(leavesOf(config, ''));
  });
});
