/**
 * What the requests of the checkers are made of, as JSON says it. Unknown at the edge, parsed once.
 */
import { z } from 'zod';
import { ServiceError } from '../errors.ts';

/** A path is some certificates; what is far more is no question about one. */
const MOST_ITEMS = 10_000;

/** base64 of DER. */
const der = z
  .base64()
  .max(64 * 1024 * 1024)
  .transform((text) => Buffer.from(text, 'base64'));
export const ders = z.array(der).max(MOST_ITEMS);
export const oid = z.string().regex(/^[0-2](\.(0|[1-9]\d*))+$/, 'must be an object identifier in dotted decimal');
export const instant = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
export const requestId = z.union([z.string(), z.number()]);

/**
 * @throws ServiceError REQUEST_MALFORMED, whose message names each member that is wrong and quotes none
 */
export function parseRequest<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.length === 0 ? 'the request' : path.join('.')}: ${message}`,
  );
  throw new ServiceError('REQUEST_MALFORMED', problems.slice(0, 5).join('; '));
}

/** Of a request that may be malformed; null when it has none that can be read. */
export function idOf(value: unknown): string | number | null {
  const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : null;
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}
