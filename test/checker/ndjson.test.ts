import { PassThrough, Readable } from 'node:stream';
import { expect } from 'chai';
import { answerLines } from '../../src/checker/ndjson.ts';

/** What each line was read as; `none` for no JSON. */
async function read(chunks: readonly (string | Buffer)[], longestLineOctets?: number): Promise<unknown[]> {
  const output = new PassThrough();
  const asRead = (request: unknown): unknown => [request ?? 'none'];
  await answerLines(Readable.from(chunks), output, asRead, longestLineOctets);
  const text: string = (output.read() ?? Buffer.alloc(0)).toString('utf8');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line)[0]);
}

describe('NDJSON', () => {
  it('ends a line at LF, or CR LF, and nowhere else', async () => {
    expect(await read(['"a"\r\n"b"\n"c"'])).to.deep.equal(['a', 'b', 'c']);
    expect(await read(['"x\u2028y\u2029z"\n[1,\r2]\n'])).to.deep.equal(['x\u2028y\u2029z', [1, 2]]);
  });

  it('reads characters that were cut in two on the way', async () => {
    const line = Buffer.from('"ثقة"\n');
    expect(await read([line.subarray(0, 2), line.subarray(2)])).to.deep.equal(['ثقة']);
  });

  it('leaves empty lines aside, and a byte order mark (RFC 8259 8.1)', async () => {
    expect(await read(['\uFEFF1\n\n \r\n2\n\n'])).to.deep.equal([1, 2]);
  });

  it('answers a line that is too long, and goes on', async () => {
    expect(await read(['"', 'x'.repeat(10), '"\n7\n"12345678"\n'], 10)).to.deep.equal(['none', 7, '12345678']);
    expect(await read(['1\n', ' '.repeat(11)], 10)).to.deep.equal([1, 'none']);
  });
});
