/**
 * `thiqa check`: what this service decides, explained.
 */
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import { checkCertificate } from '../checker/check-certificate.ts';
import { checkWebEid } from '../checker/check-web-eid.ts';
import { answerLines } from '../checker/ndjson.ts';
import { reportFiles } from '../checker/report-files.ts';
import { systemClock } from '../clock.ts';
import { trustedDocuments } from './store-access.ts';
import { configOption, DEFAULT_CONFIG, EXIT_REFUSED, endWithReader, parseTime, print } from './terminal.ts';

export function addCheckCommand(program: Command): void {
  const check = program
    .command('check')
    .description('explain what this service decides, for officers and portal developers')
    .hook('preAction', endWithReader);
  check
    .command('certificate')
    .description('the verdict on certificates: a readable report, or one JSON answer for each JSON request')
    .argument('[files...]', 'certificates, PEM or DER')
    .option('--input <file>', 'one JSON request a line; - for standard input')
    .option(...configOption)
    .option('--profile <id>', 'the document that the certificates should be')
    .option('--at <time>', 'ISO 8601; now unless told', parseTime)
    .action(
      async (
        files: string[],
        options: { input?: string; config: string; profile?: string; at?: Date },
        command: Command,
      ) => {
        if (options.input !== undefined) {
          await answerLines(inputOf(options.input), process.stdout, checkCertificate);
          return;
        }
        const unconfigured = command.getOptionValueSource('config') === 'default' && options.config === DEFAULT_CONFIG;
        const report = reportFiles(files, {
          // Nothing configured in this folder: the report then says so.
          documents: unconfigured ? [] : await trustedDocuments(options.config),
          profile: options.profile,
          at: options.at ?? systemClock(),
        });
        print(report.text);
        if (report.verdict === 'invalid') process.exitCode = EXIT_REFUSED;
      },
    );
  check
    .command('web-eid')
    .description('the verdict on Web eID authentication tokens: one JSON answer for each JSON request')
    .requiredOption('--input <file>', 'one JSON request a line; - for standard input')
    .action(({ input }: { input: string }) => answerLines(inputOf(input), process.stdout, checkWebEid));
}

function inputOf(file: string): Readable {
  return file === '-' ? process.stdin : createReadStream(file);
}
