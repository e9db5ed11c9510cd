/**
 * One JSON request a line in, one JSON answer a line out, in the order read. A line that is no JSON is answered like any
 * other; nothing stops the reading.
 *
 * Only LF ends a line, as NDJSON has it, with a CR before it or not: what else may separate lines in a text, such as
 * U+2028, may stand within a JSON string.
 */
import type { Readable, Writable } from 'node:stream';

/** Far above any request; a longer line is answered as one that is no JSON, and not kept in memory. */
const LONGEST_LINE_OCTETS = 256 * 1024 * 1024;
const LF = 0x0a;

/** @param answer gets the parsed line, or undefined when it is no JSON; never throws */
export async function answerLines(
  input: Readable,
  output: Writable,
  answer: (request: unknown) => unknown,
  longestLineOctets = LONGEST_LINE_OCTETS,
): Promise<void> {
  for await (const line of linesOf(input, longestLineOctets)) {
    if (line?.trim() === '') continue;
    const text = `${JSON.stringify(answer(line === undefined ? undefined : parse(line)))}\n`;
    if (!output.write(text)) await new Promise((resolve) => output.once('drain', resolve));
  }
}

/** Undefined for a line that is too long. */
async function* linesOf(input: Readable, longestLineOctets: number): AsyncGenerator<string | undefined> {
  let parts: Buffer[] = [];
  let octets = 0;
  const add = (part: Buffer): void => {
    octets += part.length;
    if (octets <= longestLineOctets) parts.push(part);
    else parts = [];
  };
  const take = (): string | undefined => {
    // A byte order mark, which some editors write at the start of a file, is no part of the text (RFC 8259 8.1).
    const line =
      octets > longestLineOctets
        ? undefined
        : Buffer.concat(parts)
            .toString('utf8')
            .replace(/^\uFEFF/, '');
    parts = [];
    octets = 0;
    return line;
  };
  for await (const chunk of input) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    let start = 0;
    for (let end = bytes.indexOf(LF); end !== -1; end = bytes.indexOf(LF, start)) {
      add(bytes.subarray(start, end));
      yield take();
      start = end + 1;
    }
    add(bytes.subarray(start));
  }
  if (octets > 0) yield take();
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // The answer says so; the parser's message would quote the line.
    return undefined;
  }
}
