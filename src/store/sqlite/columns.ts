/**
 * How a time and a JSON value stand in a column.
 */
import { ServiceError } from '../../errors.ts';

/** Milliseconds since 1970. An invalid Date would be stored as NULL, which means "never expires": refused. */
export function toMilliseconds(time: Date): number {
  const milliseconds = time.getTime();
  if (Number.isNaN(milliseconds)) throw new TypeError('a stored time must be a valid Date');
  return milliseconds;
}

/** Throws ServiceError `code` without a cause, because the parser's message quotes what it read. */
export function fromJson(text: string, code: 'STORE_UNAVAILABLE' | 'AUDIT_BROKEN', detail = {}): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ServiceError(code, 'a stored record is not JSON', { detail });
  }
}
