/**
 * What stands in a header as it was received: the parsed headers are rewritten on the way (public-origin.ts), and of some
 * that are repeated they have the first value only.
 */

/**
 * @param rawHeaders names and values in turn, of node:http
 * @param name in lower case
 */
export function valuesAsSent(rawHeaders: readonly string[], name: string): readonly string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
}
