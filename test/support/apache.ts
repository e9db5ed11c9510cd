/**
 * Apache with mod_auth_openidc from Debian, on a port of loopback, with a configuration of its own in a folder of its own:
 * a portal whose application knows nothing of OpenID Connect. Started as a person without rights, where the test has them.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Registered } from './client-application.ts';
import { findProgram, type PackageName } from './tools.ts';

export const APACHE_PACKAGES: readonly PackageName[] = ['apache2-bin', 'libapache2-mod-auth-openidc'];

const MODULES = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'headers', 'dir', 'auth_openidc'];
/** `nobody` of Debian: a server that was started by root may not serve as root. */
const NOBODY = 65_534;
const LONGEST_START_MS = 10_000;

export interface Apache {
  stop(): Promise<void>;
}

/** `/` is for everybody; `/private/` for citizens who have signed in, and its answers show what the module hands on. */
export async function startApache(portal: Registered): Promise<Apache> {
  const program = findProgram('apache2');
  if (program === undefined) throw new TypeError('apache2 is not installed');
  const folder = mkdtempSync(join(tmpdir(), 'thiqa-apache-'));
  const asNobody = process.getuid?.() === 0;
  writeFolder(folder, portal, asNobody);
  const server = spawn(program, ['-d', folder, '-f', join(folder, 'apache.conf'), '-DFOREGROUND'], {
    stdio: 'ignore',
    ...(asNobody && { uid: NOBODY, gid: NOBODY }),
  });
  const stop = async (): Promise<void> => {
    if (server.exitCode === null && server.signalCode === null) {
      const ended = once(server, 'exit');
      server.kill('SIGTERM');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilItListens(Number(portal.origin.port), server, join(folder, 'error.log'));
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function writeFolder(folder: string, portal: Registered, asNobody: boolean): void {
  const pages = join(folder, 'pages');
  mkdirSync(join(pages, 'private'), { recursive: true });
  writeFileSync(join(pages, 'index.html'), '<!doctype html><title>Portal</title><p>Everybody');
  writeFileSync(join(pages, 'private', 'index.html'), '<!doctype html><title>Portal</title><p>Signed in');
  writeFileSync(join(folder, 'apache.conf'), configuration(folder, portal));
  chmodSync(folder, 0o755);
  if (asNobody) chownSync(folder, NOBODY, NOBODY);
}

function configuration(folder: string, { origin, issuer, clientId, clientSecret }: Registered): string {
  return `
${MODULES.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
ServerName ${origin.host}
Listen 127.0.0.1:${origin.port}
PidFile ${join(folder, 'apache.pid')}
DefaultRuntimeDir ${folder}
ErrorLog ${join(folder, 'error.log')}
LogLevel warn
DocumentRoot ${join(folder, 'pages')}
DirectoryIndex index.html

OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration
OIDCClientID ${clientId}
OIDCClientSecret ${clientSecret}
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCIDTokenSignedResponseAlg ES256
OIDCPKCEMethod S256
OIDCScope "openid profile"
OIDCRedirectURI ${new URL('/callback', origin).href}
OIDCCryptoPassphrase ${randomBytes(24).toString('base64url')}
OIDCInfoHook userinfo
OIDCPassClaimsAs environment

<Location "/callback">
  AuthType openid-connect
  Require valid-user
</Location>
<Location "/private/">
  AuthType openid-connect
  Require valid-user
  Header set X-Given-Name "%{OIDC_CLAIM_given_name}e"
</Location>
`;
}

async function untilItListens(port: number, server: ChildProcess, log: string): Promise<void> {
  const deadline = Date.now() + LONGEST_START_MS;
  while (Date.now() < deadline && server.exitCode === null) {
    const socket = connect(port, '127.0.0.1');
    const [event] = await Promise.race([
      once(socket, 'connect').then(() => ['connect']),
      once(socket, 'error').then(() => ['error']),
    ]).catch(() => ['error']);
    socket.destroy();
    if (event === 'connect') return;
    await delay(50);
  }
  throw new Error(`apache does not listen: ${readFileSync(log, { encoding: 'utf8', flag: 'a+' })}`);
}
