import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { type Config, loadConfig, parseConfig, problemsOf } from '../src/config.ts';
import { readYaml } from '../src/config-sources.ts';
import { ConfigurationError } from '../src/errors.ts';
import { type ConfigurationFolder, configurationFolder } from './support/configuration.ts';
import { expectRefusal } from './support/refusal.ts';

let folder: ConfigurationFolder;
before(() => {
  folder = configurationFolder();
});
after(() => folder.remove());

type Settings = Readonly<Record<string, unknown>>;

const parse = (changes: Settings = {}): Config => parseConfig({ ...folder.settings, ...changes }, folder.path);

async function problemsWith(changes: unknown): Promise<readonly string[]> {
  const error = await expectRefusal(() => parseConfig(changes, folder.path), ConfigurationError, 'CONFIG_INVALID');
  const problems = problemsOf(error as ConfigurationError); // the line above is what says so
  for (const { message } of problems) expect(message).to.be.a('string').that.is.not.empty;
  return problems.map(({ path }) => path);
}

const refuse = async (path: string, changes: Settings): Promise<void> => {
  expect(await problemsWith({ ...folder.settings, ...changes })).to.deep.equal([path]);
};

const cardHost = (changes: Settings): Settings => ({
  cardHost: { ...(folder.settings.cardHost as Settings), ...changes }, // a section
});

describe('a configuration', () => {
  it('with what has no default is accepted; the rest stands on safe values', () => {
    const config = parse();
    expect(config).to.deep.include({
      issuer: 'https://id.example.ma',
      listen: { host: '127.0.0.1', port: 4000 },
      store: { kind: 'sqlite', directory: join(folder.path, 'data') },
      keys: { directory: join(folder.path, 'keys'), publishSeconds: 86_400, cacheSeconds: 3600 },
      lifetimes: {
        challengeSeconds: 300,
        handOffSeconds: 60,
        interactionSeconds: 900,
        sessionSeconds: 900,
        authorizationCodeSeconds: 60,
        accessTokenSeconds: 600,
        idTokenSeconds: 600,
        logoutNoticeSeconds: 86_400,
      },
      revocation: {
        refreshIntervalSeconds: 300,
        allowedHosts: [],
        privateHosts: [],
        indexDirectory: join(folder.path, 'data', 'crl-index'),
      },
      log: { level: 'info' },
      drainSeconds: 10,
    });
    expect(config.cardHost).to.deep.equal({
      domain: 'card.example.ma',
      publicPort: 443,
      listen: { host: '127.0.0.1', port: 4443 },
      mode: 'tls',
      tls: { certificate: join(folder.path, 'card-host.pem'), key: join(folder.path, 'card-host.key.pem') },
    });
    expect(config.documents).to.have.lengthOf(1);
  });

  it('is frozen to its depths', () => {
    const config = parse();
    for (const part of [config, config.lifetimes, config.cardHost, config.cardHost.listen, config.documents]) {
      expect(part).to.be.frozen;
    }
    expect(config.documents[0]?.profile.nationalIdentifier).to.be.frozen;
  });

  it('leaves what it was given as it was', () => {
    const before = structuredClone(folder.settings);
    parse();
    expect(folder.settings).to.deep.equal(before);
  });

  it('keeps absolute paths', () => {
    expect(parse({ store: 'sqlite:/var/lib/thiqa' }).store).to.deep.equal({
      kind: 'sqlite',
      directory: '/var/lib/thiqa',
    });
    expect(parse({ keys: { directory: '/etc/thiqa/keys' } }).keys.directory).to.equal('/etc/thiqa/keys');
  });
});

describe('every problem is told at once, each with its path', () => {
  it('those of sections, of documents and of their files', async () => {
    expect(
      await problemsWith({
        issuer: 'id.example.ma',
        listen: { host: '', port: 0 },
        cardHost: { ...(folder.settings.cardHost as Settings), mode: 'both' }, // a section
        store: 'memory',
        documents: [
          { ...folder.document, profile: 'absent.yaml', intermediates: ['absent.pem'] },
          { ...folder.document, crls: [] },
        ],
        lifetimes: { handOffSeconds: 0 },
        surplus: true,
      }),
    ).to.have.members([
      'issuer',
      'listen.host',
      'listen.port',
      'cardHost.mode',
      'store',
      'keys',
      'documents.1.crls',
      'lifetimes.handOffSeconds',
      '',
      'documents.0.profile',
      'documents.0.intermediates.0',
    ]);
  });

  for (const value of [undefined, null, 'text', 7, [], {}]) {
    it(`${JSON.stringify(value) ?? 'nothing'} is no configuration`, async () => {
      expect(await problemsWith(value)).to.not.be.empty;
    });
  }

  for (const name of ['issuer', 'listen', 'cardHost', 'store', 'keys', 'documents']) {
    it(`${name} has no default`, () => refuse(name, { [name]: undefined }));
  }

  it('an unknown setting is a problem, at every depth', async () => {
    await refuse('', { pkceOptional: true });
    await refuse('listen', { listen: { host: '127.0.0.1', port: 4000, backlog: 5 } });
    await refuse('lifetimes', { lifetimes: { codeSeconds: 5 } });
    await refuse('cardHost', cardHost({ ca: 'x' }));
    await refuse('documents.0', { documents: [{ ...folder.document, trust: 'all' }] });
  });
});

describe('the issuer (OpenID Connect Discovery 1.0, 3)', () => {
  for (const issuer of [
    'https://id.example.ma',
    'https://id.example.ma:8443',
    'http://localhost:4000',
    'http://127.0.0.1:4000',
    'http://[::1]:4000',
  ]) {
    it(`may be ${issuer}`, () => expect(parse({ issuer }).issuer).to.equal(issuer));
  }
  for (const issuer of [
    'http://id.example.ma',
    'http://localhost.example.ma',
    'http://127.0.0.2:4000',
    'https://id.example.ma/',
    'https://id.example.ma/oidc',
    'https://id.example.ma?x',
    'https://id.example.ma#x',
    'https://user@id.example.ma',
    'https://id.example.ma:443',
    'HTTPS://id.example.ma',
    'https://ID.example.ma',
    'ftp://localhost',
    'ws://localhost:4000',
    'wss://id.example.ma',
    'id.example.ma',
    'null',
    '',
    7,
  ]) {
    it(`may not be ${JSON.stringify(issuer)}`, () => refuse('issuer', { issuer }));
  }
});

describe('TLS of the issuer', () => {
  const tls = { certificate: 'issuer.pem', key: 'issuer.key.pem' };

  it('is off unless told: then a proxy ends it', () => expect(parse()).not.to.have.property('tls'));
  it('has its files beside the configuration', () => {
    expect(parse({ tls }).tls).to.deep.equal({
      certificate: join(folder.path, 'issuer.pem'),
      key: join(folder.path, 'issuer.key.pem'),
    });
  });
  it('needs both files', async () => {
    await refuse('tls.key', { tls: { certificate: 'issuer.pem' } });
    await refuse('tls.certificate', { tls: { key: 'issuer.key.pem' } });
  });
  it('needs an issuer that is https, on loopback too', async () => {
    expect(parse({ issuer: 'https://localhost:4000', tls })).to.have.property('tls');
    await refuse('issuer', { issuer: 'http://localhost:4000', tls });
  });
});

describe('the card host', () => {
  it('S1: header mode does not start without its section', () =>
    refuse('cardHost.header', cardHost({ mode: 'header' })));
  it('S1: header mode does not start with an empty list of peers', () =>
    refuse(
      'cardHost.header.trustedPeers',
      cardHost({ mode: 'header', header: { preset: 'rfc9440', trustedPeers: [] } }),
    ));
  it('S1: header mode does not start without a list of peers', () =>
    refuse('cardHost.header.trustedPeers', cardHost({ mode: 'header', header: { preset: 'rfc9440' } })));
  for (const peer of ['localhost', '10.0.0.0/', '10.0.0.0/33', '0.0.0.0/0', '::/0', '']) {
    it(`S1: the peer ${JSON.stringify(peer)} is none`, () =>
      refuse(
        'cardHost.header.trustedPeers',
        cardHost({ mode: 'header', header: { preset: 'rfc9440', trustedPeers: ['10.0.0.5', peer] } }),
      ));
  }
  it('in header mode names preset and peers', () => {
    const header = { preset: 'nginx', trustedPeers: ['10.0.0.5', '10.1.0.0/24', '2001:db8::/64'] };
    expect(parse(cardHost({ mode: 'header', header })).cardHost.header).to.deep.equal(header);
  });
  it('of an unknown preset is refused', () =>
    refuse(
      'cardHost.header.preset',
      cardHost({ mode: 'header', header: { preset: 'traefik', trustedPeers: ['10.0.0.5'] } }),
    ));
  it('tls mode needs its section', () => refuse('cardHost.tls', cardHost({ tls: undefined })));
  it('its domain is a host name, in lower case', async () => {
    expect(parse(cardHost({ domain: 'Card.Example.MA' })).cardHost.domain).to.equal('card.example.ma');
    for (const domain of ['*.card.example.ma', 'https://card.example.ma', '', 'card example']) {
      expect(new Set(await problemsWith({ ...folder.settings, ...cardHost({ domain }) }))).to.deep.equal(
        new Set(['cardHost.domain']),
      );
    }
  });
});

describe("the portals' host", () => {
  const tls = { certificate: 'portals.pem', key: 'portals.key.pem' };
  const mtls = (changes: Settings = {}): Settings => ({
    mtls: { host: 'mtls.example.ma', listen: { host: '127.0.0.1', port: 4444 }, mode: 'tls', tls, ...changes },
  });
  const authorities = (changes: Settings = {}): Settings => {
    const { trustAnchors, intermediates, crls } = folder.document;
    return mtls({ authorities: { trustAnchors, intermediates, crls, ...changes } });
  };

  it('is none unless told', () => expect(parse()).not.to.have.property('mtls'));
  it('has its files beside the configuration, the usual port, and no CA unless told', () => {
    expect(parse(mtls()).mtls).to.deep.equal({
      host: 'mtls.example.ma',
      publicPort: 443,
      listen: { host: '127.0.0.1', port: 4444 },
      mode: 'tls',
      tls: { certificate: join(folder.path, 'portals.pem'), key: join(folder.path, 'portals.key.pem') },
      authorities: undefined,
    });
  });
  it('has CAs as documents have them: pinned, with a source of their status', async () => {
    const read = parse(authorities()).mtls?.authorities;
    expect(read?.anchors).to.have.lengthOf(1);
    expect(read?.crls).to.deep.equal([join(folder.path, 'root.crl'), 'https://crl.example.ma/issuing.crl']);
    await refuse('mtls.authorities.crls', authorities({ crls: [] }));
    await refuse('mtls.authorities.trustAnchors', authorities({ trustAnchors: [] }));
    await refuse('mtls.authorities.intermediates.0', authorities({ intermediates: ['absent.pem'] }));
    const [anchor] = folder.document.trustAnchors as readonly Settings[]; // as the folder wrote it
    await refuse(
      'mtls.authorities.trustAnchors.0.certificate',
      authorities({ trustAnchors: [{ ...anchor, keySha256: '0'.repeat(64) }] }),
    );
  });
  it('S1: header mode does not start without a list of peers', async () => {
    await refuse('mtls.header', mtls({ mode: 'header' }));
    await refuse('mtls.header.trustedPeers', mtls({ mode: 'header', header: { preset: 'nginx', trustedPeers: [] } }));
  });
  it('tls mode needs its section', () => refuse('mtls.tls', mtls({ tls: undefined })));
  it('is another origin than the issuer, or citizens would be asked for certificates', async () => {
    await refuse('mtls.host', mtls({ host: 'id.example.ma' }));
    expect(parse(mtls({ host: 'id.example.ma', publicPort: 8443 })).mtls?.publicPort).to.equal(8443);
  });
});

describe('the sandbox', () => {
  const loopback = 'http://localhost:4000';

  it('is absent unless told', () => expect(parse({})).not.to.have.property('sandbox'));
  it('on loopback needs no more than the section; its cards are beside the file', () => {
    const { sandbox } = parse({ issuer: loopback, sandbox: { virtualCards: true } });
    expect(sandbox).to.deep.equal({
      virtualCards: true,
      directory: folder.path,
      publicIssuer: false,
      portalHosts: [],
    });
  });
  it('may list hosts of portals, each with its port, and the file of their CA', async () => {
    const { sandbox } = parse({
      issuer: loopback,
      sandbox: { portalHosts: ['localhost:8443'], portalAuthority: 'tls/root.pem' },
    });
    expect(sandbox).to.include({ portalAuthority: join(folder.path, 'tls/root.pem') });
    expect(sandbox?.portalHosts).to.deep.equal(['localhost:8443']);
    for (const host of ['localhost', 'https://localhost:8443', '*', '']) {
      await refuse('sandbox.portalHosts.0', { issuer: loopback, sandbox: { portalHosts: [host] } });
    }
  });
  it('anywhere else must be meant', async () => {
    await refuse('sandbox.publicIssuer', { sandbox: { virtualCards: true } });
    await refuse('sandbox.publicIssuer', { issuer: 'https://localhost.example.ma', sandbox: {} });
    expect(parse({ sandbox: { virtualCards: true, publicIssuer: true } }).sandbox?.virtualCards).to.equal(true);
  });
});

describe('other names of levels of assurance', () => {
  it('are none unless told', () => expect(parse({}).acrAliases).to.deep.equal({}));
  it('are words, each for a level', async () => {
    expect(parse({ acrAliases: { 'urn:example:loa:2': 'substantial' } }).acrAliases).to.deep.equal({
      'urn:example:loa:2': 'substantial',
    });
    await refuse('acrAliases.urn:example:loa:9', { acrAliases: { 'urn:example:loa:9': 'highest' } });
    for (const name of ['two words', '', 'é']) await refuse(`acrAliases.${name}`, { acrAliases: { [name]: 'low' } });
  });
  it('take no name that means a level already', async () => {
    for (const name of ['high', 'http://eidas.europa.eu/LoA/high']) {
      await refuse(`acrAliases.${name}`, { acrAliases: { [name]: 'low' } });
    }
  });
});

describe('numbers', () => {
  for (const [path, least, most] of [
    ['listen.port', 1, 65_535],
    ['lifetimes.challengeSeconds', 1, 900],
    ['lifetimes.handOffSeconds', 1, 300],
    ['lifetimes.interactionSeconds', 1, 3600],
    ['lifetimes.sessionSeconds', 1, 43_200],
    ['lifetimes.authorizationCodeSeconds', 1, 60],
    ['lifetimes.accessTokenSeconds', 1, 3600],
    ['lifetimes.idTokenSeconds', 1, 3600],
    ['revocation.refreshIntervalSeconds', 1, 86_400],
  ] as const) {
    it(`${path}: ${least} to ${most}`, async () => {
      const [section = '', name = ''] = path.split('.');
      const set = (value: unknown): Settings => ({
        [section]: { ...((folder.settings[section] ?? {}) as Settings), [name]: value }, // a section, or none
      });
      for (const value of [least, most]) expect(parse(set(value))).to.have.nested.property(path, value);
      for (const value of [least - 1, most + 1, 1.5, '60', Number.NaN, null]) await refuse(path, set(value));
    });
  }
});

describe('the limits', () => {
  it('stand on safe values, beside which one may be changed', () => {
    const unchanged = {
      enabled: true,
      perAddress: { points: 600, seconds: 60 },
      perClient: { points: 12_000, seconds: 60 },
      connectionsPerAddress: 500,
      trustedProxies: ['127.0.0.0/8', '::1'],
    };
    expect(parse().limits).to.deep.equal(unchanged);
    expect(parse({ limits: { perAddress: { points: 60 } } }).limits).to.deep.equal({
      ...unchanged,
      perAddress: { points: 60, seconds: 60 },
    });
    expect(parse({ limits: { enabled: false } }).limits).to.have.property('enabled', false);
  });

  it('must be at least one point, and one second, and at most an hour', async () => {
    expect(parse({ limits: { perAddress: { points: 1, seconds: 3600 } } }).limits.perAddress.seconds).to.equal(3600);
    await refuse('limits.perAddress.points', { limits: { perAddress: { points: 0 } } });
    await refuse('limits.perClient.seconds', { limits: { perClient: { seconds: 0 } } });
    await refuse('limits.perClient.seconds', { limits: { perClient: { seconds: 3601 } } });
  });

  it('trust proxies by address or network, and never everybody', async () => {
    expect(parse({ limits: { trustedProxies: [] } }).limits.trustedProxies).to.deep.equal([]);
    for (const entry of ['proxy.example.ma', '10.0.0.0/33', '0.0.0.0/0'])
      await refuse('limits.trustedProxies', { limits: { trustedProxies: [entry] } });
  });
});

describe('the store', () => {
  for (const url of ['mongodb://a.example:27017,b.example/thiqa?replicaSet=rs0', 'mongodb+srv://db.example/thiqa']) {
    it(`may be ${url}`, () => expect(parse({ store: url }).store).to.deep.equal({ kind: 'mongodb', url }));
  }

  it('on MongoDB has no folder for the indexes of CRLs unless one is told', () => {
    const indexDirectoryOf = (revocation: Settings) =>
      parse({ store: 'mongodb://db.example', revocation }).revocation.indexDirectory;
    expect(indexDirectoryOf({})).to.equal(undefined);
    expect(indexDirectoryOf({ indexDirectory: 'indexes' })).to.equal(join(folder.path, 'indexes'));
  });

  for (const store of ['sqlite:', 'postgres:x', 'data', 'SQLITE:x', 'mongodb:', 'mongodb://', 'mongodb:///thiqa']) {
    it(`may not be ${JSON.stringify(store)}`, () => refuse('store', { store }));
  }
});

describe('the configuration file', () => {
  const write = (settings: unknown): string => join(folder.path, folder.write('thiqa.yaml', stringify(settings)));

  it('is YAML; its paths start at its folder', () => {
    expect(loadConfig(write(folder.settings), {})).to.deep.equal(parse());
  });

  for (const [fault, content] of Object.entries({
    'that is no YAML': 'issuer: [',
    'that says one thing twice': 'issuer: a\nissuer: b',
  })) {
    it(`${fault} cannot be read`, () =>
      expectRefusal(
        () => readYaml(join(folder.path, folder.write('bad.yaml', content))),
        ConfigurationError,
        'CONFIG_UNREADABLE',
      ));
  }
  it('that is absent cannot be read', async () => {
    const file = join(folder.path, 'absent.yaml');
    const error = await expectRefusal(() => loadConfig(file, {}), ConfigurationError, 'CONFIG_UNREADABLE');
    expect(error.message).to.equal(`${file} cannot be read: ENOENT`);
  });
  it('that is no YAML is told by the place of its fault, without what stands there', async () => {
    const file = join(folder.path, folder.write('bad.yaml', 'issuer: a\nkeys: {storeKey: "secret}\n'));
    const error = await expectRefusal(() => readYaml(file), ConfigurationError, 'CONFIG_UNREADABLE');
    expect(error.message)
      .to.match(/cannot be read as YAML: [A-Z_]+ in line \d+, column \d+$/)
      .and.not.include('secret');
  });
  it('that explodes cannot be read', () => {
    const bomb = [
      'a: &a [x, x]',
      ...'bcdefghi'.split('').map((name, i) => `${name}: &${name} [${`*${'abcdefgh'[i]}, `.repeat(9)}]`),
    ];
    return expectRefusal(
      () => loadConfig(join(folder.path, folder.write('bomb.yaml', bomb.join('\n'))), {}),
      ConfigurationError,
      'CONFIG_UNREADABLE',
    );
  });
  it('that is empty has every problem of an empty configuration', async () => {
    const file = join(folder.path, folder.write('empty.yaml', ''));
    const error = await expectRefusal(() => loadConfig(file, {}), ConfigurationError, 'CONFIG_INVALID');
    expect(problemsOf(error as ConfigurationError).map(({ path }) => path)).to.include('issuer'); // as above
  });
});

describe('the environment', () => {
  const load = (environment: Readonly<Record<string, string | undefined>>): Config =>
    loadConfig(join(folder.path, folder.write('thiqa.yaml', stringify(folder.settings))), environment);
  const refuseEnvironment = async (path: string, environment: Readonly<Record<string, string>>): Promise<void> => {
    const error = await expectRefusal(() => load(environment), ConfigurationError, 'CONFIG_INVALID');
    expect(problemsOf(error as ConfigurationError).map((problem) => problem.path)).to.deep.equal([path]); // as above
  };

  it('wins over the file', () => {
    expect(load({ THIQA_ISSUER: 'https://other.example.ma' }).issuer).to.equal('https://other.example.ma');
  });
  it('reaches every level: two underscores between levels, one between words', () => {
    const config = load({
      THIQA_CARD_HOST__LISTEN__PORT: '5443',
      THIQA_LIFETIMES__HAND_OFF_SECONDS: '30',
      THIQA_REVOCATION__ALLOWED_HOSTS: '[a.example, b.example]',
    });
    expect(config.cardHost.listen).to.deep.equal({ host: '127.0.0.1', port: 5443 });
    expect(config.lifetimes.handOffSeconds).to.equal(30);
    expect(config.revocation.allowedHosts).to.deep.equal(['a.example', 'b.example']);
  });
  it('of other programs says nothing', () => {
    expect(
      load({ PATH: '/bin', ISSUER: 'x', thiqa_issuer: 'x', THIQA_VECTORS: '/vectors', THIQA_ISSUER: undefined }),
    ).to.deep.equal(load({}));
  });
  it('with an unknown setting is refused, as the file would be', () => refuseEnvironment('', { THIQA_ISUER: 'x' }));
  it('with a value out of range is refused, as the file would be', () =>
    refuseEnvironment('listen.port', { THIQA_LISTEN__PORT: '0' }));
  it('with an empty value is refused, as the file would be', () => refuseEnvironment('issuer', { THIQA_ISSUER: '' }));
  it('with a value that is no YAML is refused with the name of the setting', async () => {
    const error = await expectRefusal(() => load({ THIQA_ISSUER: '[SECRET' }), ConfigurationError, 'CONFIG_INVALID');
    const problems = problemsOf(error as ConfigurationError); // as above
    expect(problems.map(({ path }) => path)).to.deep.equal(['issuer']);
    expect(JSON.stringify(problems)).to.not.include('SECRET');
  });
  it('cannot reach what every object has', async () => {
    for (const name of ['THIQA_CONSTRUCTOR__PROTOTYPE__X', 'THIQA____PROTO____X', 'THIQA_', 'THIQA___']) {
      await expectRefusal(() => load({ [name]: 'x' }), ConfigurationError, 'CONFIG_INVALID');
    }
    expect({}).to.not.have.property('x');
  });
});

describe('the problems of a configuration error', () => {
  it('are those that it carries, or itself', () => {
    const problems = [{ path: 'issuer', message: 'x' }];
    expect(problemsOf(new ConfigurationError('CONFIG_INVALID', 'x', { detail: { problems } }))).to.equal(problems);
    expect(problemsOf(new ConfigurationError('CONFIG_UNREADABLE', 'the file'))).to.deep.equal([
      { path: '', message: 'CONFIG_UNREADABLE: the file' },
    ]);
  });
});
