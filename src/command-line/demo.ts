/**
 * `thiqa demo`: the demonstration, and a sign-in to it without a browser.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CARD_DEFINITIONS } from '../demo/card-catalogue.ts';
import { DEFAULT_PORTAL_PORT, startDemonstration } from '../demo/demonstration.ts';
import { demonstrationPaths } from '../demo/demonstration-files.ts';
import { PRESENTATION_WAYS, type PresentationWay, signInWithCard } from '../demo/sign-in.ts';
import { welcomeText } from '../demo/welcome.ts';
import { ConfigurationError } from '../errors.ts';
import { createLog } from '../operations/log.ts';
import { EXIT_REFUSED, onStop, parsePort, print } from './terminal.ts';

export function addDemoCommand(program: Command): void {
  const demo = program
    .command('demo')
    .description('run the service with a demonstration authority, ten cards and a portal')
    .option('--data <folder>', 'where the demonstration is kept', 'data')
    .option('--port <port>', 'port of the issuer', parsePort, 4000)
    .option('--card-port <port>', 'port of the card host', parsePort, 4443)
    .option('--portal-port <port>', 'port of the portal', parsePort, DEFAULT_PORTAL_PORT)
    .option('--log-level <level>', 'fatal, error, warn, info, debug or silent', 'warn')
    .action(async (options) => {
      const running = await startDemonstration({
        directory: resolve(options.data),
        issuerPort: options.port,
        cardPort: options.cardPort,
        portalPort: options.portalPort,
        store: process.env.THIQA_STORE,
        log: createLog(options.logLevel, 2),
      });
      onStop(() => running.stop());
      print(welcomeText(running));
    });

  demo
    .command('sign-in')
    .description('sign in to the running demonstration portal with a card file, without a browser')
    .requiredOption('--card <name>', `one of: ${CARD_DEFINITIONS.map(({ id }) => id).join(', ')}`, parseCard)
    .addOption(
      new Option('--by <way>', 'how the card is presented').choices(PRESENTATION_WAYS).default('client-certificate'),
    )
    .option('--show-tokens', 'print the decoded ID token and userinfo, in place of the claims')
    .action(async (options: { card: string; by: PresentationWay; showTokens?: true }, command: Command) => {
      const { data, portalPort } = command.optsWithGlobals<{ data: string; portalPort: number }>();
      const paths = demonstrationPaths(resolve(data));
      const card = paths.card(options.card);
      const outcome = await signInWithCard({
        portal: new URL(`http://localhost:${portalPort}/`),
        by: options.by,
        tlsRootPem: readOrExplain(paths.tlsRoot.certificatePath),
        card: { certificatePem: readOrExplain(card.certificatePath), keyPem: readOrExplain(card.keyPath) },
      });
      if ('claims' in outcome) {
        print(JSON.stringify(options.showTokens ? outcome.tokens : outcome.claims, undefined, 2));
      } else {
        print(JSON.stringify(outcome, undefined, 2));
        process.exitCode = EXIT_REFUSED;
      }
    });
}

function parseCard(text: string): string {
  if (!CARD_DEFINITIONS.some(({ id }) => id === text)) throw new InvalidArgumentError('there is no such card');
  return text;
}

function readOrExplain(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new ConfigurationError(
      'CONFIG_UNREADABLE',
      `${file} cannot be read; start the demonstration first (npm start)`,
      { cause },
    );
  }
}
