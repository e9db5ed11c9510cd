/**
 * What `thiqa demo` prints: where to go, the PIN of the virtual cards, which card file to import, what to expect.
 */
import { relative } from 'node:path';
import { PKCS12_PASSWORD } from './cards.ts';
import type { RunningDemonstration } from './demonstration.ts';
import { VIRTUAL_CARD_PIN } from './virtual-card/encrypted-key.ts';

export function welcomeText({ issuer, portal, demonstration }: RunningDemonstration): string {
  const here = (path: string): string => relative(process.cwd(), path);
  const rows = demonstration.cards.map(({ title, pkcs12Path, expectedCode }) => [
    here(pkcs12Path),
    expectedCode ?? 'signed in',
    title,
  ]);
  return [
    '',
    `  Portal          ${portal.href}   (open this, sign in, and choose a virtual card)`,
    `  PIN             ${VIRTUAL_CARD_PIN}   (of every virtual card)`,
    `  Issuer          ${issuer}/.well-known/openid-configuration`,
    '',
    ...table([['Card file', 'Expect', 'What it is'], ...rows]),
    '',
    "  With a card file in the browser's own dialogue, instead of a virtual card:",
    `    import ${here(demonstration.tlsRoot.certificatePath)} as an authority for web sites,`,
    `    and one of the card files as your certificate; the password of each is ${PKCS12_PASSWORD}.`,
    '',
    '  Without a browser:  npm run -s thiqa -- demo sign-in --card valid   (add --by web-eid for that way)',
    '  Stop with Ctrl+C. The folder is kept for the next start.',
    '',
  ].join('\n');
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
  const [head = '', ...body] = lines;
  return [head, `  ${'-'.repeat(Math.max(...lines.map((line) => line.length)) - 2)}`, ...body];
}
