import { broken } from './records.ts';

/**
 * Lines of text as they come; what follows the last line break is left out.
 *
 * @param mostBytes - a longer line is refused
 * @throws TagalongError `transfer-failed`
 */
export async function* linesOf(input: AsyncIterable<Buffer>, mostBytes: number): AsyncGenerator<string> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      pieces.push(chunk.subarray(start, end));
      yield Buffer.concat(pieces).toString('utf8');
      pieces = [];
      bytes = 0;
      start = end + 1;
    }
    bytes += chunk.length - start;
    if (bytes > mostBytes) throw broken('a line is too long');
    pieces.push(chunk.subarray(start));
  }
}
