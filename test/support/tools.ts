/**
 * The programs beside Node that some tests need, and the Debian package that brings each. `prepare.ts` installs them
 * where it may; a test that needs one which is still absent says so and is skipped, never passed.
 */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian package -> what shows that it is there: names on the search path, or an absolute path. */
export const PACKAGES = {
  chromium: ['chromium'],
  softhsm2: ['softhsm2-util'],
  opensc: ['pkcs11-tool'],
  'libnss3-tools': ['certutil', 'modutil', 'pk12util'],
  'gnutls-bin': ['p11tool'],
  'fonts-noto-core': ['/usr/share/fonts/truetype/noto/NotoSansArabic-Regular.ttf'],
  'nginx-light': ['nginx'],
  openssl: ['openssl'],
  xvfb: ['Xvfb'],
  xdotool: ['xdotool'],
  'apache2-bin': ['apache2'],
  'libapache2-mod-auth-openidc': ['/usr/lib/apache2/modules/mod_auth_openidc.so'],
} as const;

export type PackageName = keyof typeof PACKAGES;
const ALL_PACKAGES = Object.keys(PACKAGES) as PackageName[]; // the keys of a constant: no others

/** Debian keeps servers in /usr/sbin, which is not on every person's search path. */
const FOLDERS = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];

/** The absolute path of a program, or undefined. */
export function findProgram(name: string): string | undefined {
  if (name.startsWith('/')) return existsSync(name) ? name : undefined;
  return FOLDERS.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

export function missingPackages(packages: readonly PackageName[] = ALL_PACKAGES): PackageName[] {
  return packages.filter((name) => PACKAGES[name].some((tool) => findProgram(tool) === undefined));
}

/** For `before(function () { requireTools(this, ['chromium']) })`: skips the suite, loudly, when a package is absent. */
export function requireTools(context: Mocha.Context, packages: readonly PackageName[]): void {
  const missing = missingPackages(packages);
  if (missing.length > 0) skipLoudly(context, `missing: ${missing.join(' ')}`);
}

/** Only root may write the browser's managed policies, which choose the card without a person. */
export function requireRoot(context: Mocha.Context): void {
  if (process.getuid?.() !== 0) skipLoudly(context, 'needs root, for the managed policies of Chromium');
}

function skipLoudly(context: Mocha.Context, reason: string): never {
  const suite = context.runnable().parent?.fullTitle() ?? 'tests';
  process.stderr.write(`SKIPPED ${suite}: ${reason}\n`);
  return context.skip();
}
