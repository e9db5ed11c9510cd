/**
 * Run by `npm test` before the tests: installs the programs that they need, where that is possible (root on Debian and
 * its kin), and otherwise names the missing packages in one line. Never fatal: a test whose tool is absent is skipped.
 */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { findProgram, missingPackages, type PackageName } from './tools.ts';

/** Another installation may hold the lock, as on a machine that has just started. */
const APT_OPTIONS = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'APT::Get::Assume-Yes=true', '-o', 'Acquire::Retries=3'];
const APT_ENVIRONMENT = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l' };
const POLICY_FILE = '/usr/sbin/policy-rc.d';
/** invoke-rc.d(8): action forbidden by policy. */
const POLICY = '#!/bin/sh\nexit 101\n';

function aptGet(...command: string[]): boolean {
  const { status } = spawnSync('apt-get', ['-qq', ...APT_OPTIONS, ...command], {
    env: APT_ENVIRONMENT,
    stdio: ['ignore', 'ignore', 'ignore'],
    timeout: 10 * 60_000,
  });
  return status === 0;
}

/** The lists of a fresh machine are absent or old: they are fetched only when the packages cannot be had without. */
function install(packages: readonly PackageName[]): void {
  const command = ['install', '--no-install-recommends', ...packages];
  if (!aptGet(...command) && aptGet('update') && !aptGet(...command)) {
    // One package that cannot be had must not cost the others.
    for (const name of missingPackages(packages)) aptGet('install', '--no-install-recommends', name);
  }
}

/** The tests start nginx themselves; installing it must not start the system's own on port 80. */
function withoutStartingServices(action: () => void): void {
  let ours = false;
  try {
    writeFileSync(POLICY_FILE, POLICY, { mode: 0o755, flag: 'wx' });
    ours = true;
  } catch {
    // A policy stands already (containers have one): it is not ours to change.
  }
  try {
    action();
  } finally {
    if (ours) rmSync(POLICY_FILE, { force: true });
  }
}

const missing = missingPackages();
if (missing.length > 0 && process.getuid?.() === 0 && findProgram('apt-get') !== undefined) {
  process.stdout.write(`Installing what the tests need: ${missing.join(' ')}\n`);
  withoutStartingServices(() => install(missing));
}
const absent = missingPackages();
if (absent.length > 0) {
  process.stdout.write(`Missing, so their tests are skipped: apt-get install ${absent.join(' ')}\n`);
}
