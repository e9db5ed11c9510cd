/**
 * A JSON value as a store keeps it: text.
 */
import { ServiceError } from '../errors.ts';

/** Throws ServiceError `code` without a cause, because the parser's message quotes what it read. */
export function storedJson(text: string, code: 'STORE_UNAVAILABLE' | 'AUDIT_BROKEN', detail = {}): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ServiceError(code, 'a stored record is not JSON', { detail });
  }
}
