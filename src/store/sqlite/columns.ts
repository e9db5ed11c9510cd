/**
 * How a time stands in a column.
 */

/** Milliseconds since 1970. An invalid Date would be stored as NULL, which means "never expires": refused. */
export function toMilliseconds(time: Date): number {
  const milliseconds = time.getTime();
  if (Number.isNaN(milliseconds)) throw new TypeError('a stored time must be a valid Date');
  return milliseconds;
}
