/**
 * A distinguished name as text for a person to read, in the manner of RFC 4514. It is shown and nothing else: such a
 * text can be made to say anything, so no decision rests on it (S14).
 */
import type { Name, NameAttribute } from './name.ts';

/** RFC 4514 section 3, and what CAs use beside it. */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.97': 'organizationIdentifier',
};

/** The most specific part first (RFC 4514 2.1). */
export function nameText({ rdns }: Name): string {
  return [...rdns]
    .reverse()
    .map((rdn) => rdn.map(attributeText).join('+'))
    .join(',');
}

function attributeText({ type, value, der }: NameAttribute): string {
  const text = value === undefined ? `#${Buffer.from(der).toString('hex')}` : escapeValue(value);
  return `${SHORT_NAMES[type] ?? type}=${text}`;
}

/** RFC 4514 2.4; control and direction characters too, which could rearrange what a terminal shows. */
function escapeValue(value: string): string {
  return value
    .replace(/[\\,+"<>;=]/g, '\\$&')
    .replace(/^[ #]| $/g, '\\$&')
    .replace(/[\p{Cc}\p{Cf}]/gu, (character) =>
      [...Buffer.from(character, 'utf8')].map((octet) => `\\${octet.toString(16).padStart(2, '0')}`).join(''),
    );
}
