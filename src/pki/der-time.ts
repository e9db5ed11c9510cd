/**
 * Time in certificates, CRLs and OCSP responses: UTCTime and GeneralizedTime in the one form that RFC 5280 4.1.2.5.1 and
 * 4.1.2.5.2 allow: seconds always present, no fraction, no offset but Z.
 */
import { type DerCursor, DerError, TAG } from './der.ts';

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number;

/** Reads the next element, which is a Time (RFC 5280 4.1). */
export function readTime(cursor: DerCursor): Instant {
  const tag = cursor.nextTag;
  if (tag !== TAG.UTC_TIME && tag !== TAG.GENERALIZED_TIME) throw new DerError('not a Time', cursor.position);
  cursor.next();
  return decodeTime(cursor.bytes, cursor.contentStart, cursor.contentEnd, tag);
}

/** RFC 6960 writes every time as a GeneralizedTime. */
export function readGeneralizedTime(cursor: DerCursor, tag: number = TAG.GENERALIZED_TIME): Instant {
  cursor.expect(tag);
  return decodeTime(cursor.bytes, cursor.contentStart, cursor.contentEnd, TAG.GENERALIZED_TIME);
}

/** The contents octets from `start` to `end` of a UTC_TIME or a GENERALIZED_TIME; allocates nothing. */
export function decodeTime(bytes: Uint8Array, start: number, end: number, tag: number): Instant {
  const yearDigits = tag === TAG.UTC_TIME ? 2 : 4;
  if (end - start !== yearDigits + 11 || bytes[end - 1] !== 0x5a) {
    throw new DerError('time is not of the form YYMMDDhhmmssZ or YYYYMMDDhhmmssZ', start);
  }
  let year = twoDigits(bytes, start);
  // 4.1.2.5.1: a UTCTime with YY from 50 is in the 20th century, else in the 21st.
  if (yearDigits === 2) year += year >= 50 ? 1900 : 2000;
  else year = year * 100 + twoDigits(bytes, start + 2);
  const rest = start + yearDigits;
  const month = twoDigits(bytes, rest);
  const day = twoDigits(bytes, rest + 2);
  const hour = twoDigits(bytes, rest + 4);
  const minute = twoDigits(bytes, rest + 6);
  const second = twoDigits(bytes, rest + 8);
  if (month < 1 || month > 12 || day < 1 || day > daysIn(month, year) || hour > 23 || minute > 59 || second > 59) {
    throw new DerError('time does not exist', start);
  }
  return (daysSinceEpoch(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000;
}

function twoDigits(bytes: Uint8Array, position: number): number {
  const tens = (bytes[position] ?? 0) - 0x30;
  const ones = (bytes[position + 1] ?? 0) - 0x30;
  if (tens < 0 || tens > 9 || ones < 0 || ones > 9)
    throw new DerError('time holds another character than a digit', position);
  return tens * 10 + ones;
}

function daysIn(month: number, year: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Of the proleptic Gregorian calendar. `Date.UTC` would read the years 0 to 99 as 1900 to 1999. */
function daysSinceEpoch(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const monthFromMarch = (month + 9) % 12;
  const leapDays = Math.floor(shifted / 4) - Math.floor(shifted / 100) + Math.floor(shifted / 400);
  return shifted * 365 + leapDays + Math.floor((monthFromMarch * 153 + 2) / 5) + day - 1 - 719_468;
}
