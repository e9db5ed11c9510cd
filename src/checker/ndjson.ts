/**
 * One JSON request a line in, one JSON answer a line out, in the order read. A line that is no JSON is answered like any
 * other; nothing stops the reading.
 */
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** @param answer gets the parsed line, or undefined when it is no JSON; never throws */
export async function answerLines(
  input: Readable,
  output: Writable,
  answer: (request: unknown) => unknown,
): Promise<void> {
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === '') continue;
    const text = `${JSON.stringify(answer(parse(line)))}\n`;
    if (!output.write(text)) await new Promise((resolve) => output.once('drain', resolve));
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // The answer says so; the parser's message would quote the line.
    return undefined;
  }
}
