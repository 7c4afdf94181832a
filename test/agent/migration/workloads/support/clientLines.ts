/**
 * The side of a client program that speaks with its test: it is told single words on standard input and says one JSON
 * object a line on standard output.
 */
import { createInterface } from 'node:readline';

export function say(document: object): void {
  process.stdout.write(`${JSON.stringify(document)}\n`);
}

/** The words of the test, as they come. */
export function orders(): AsyncIterable<string> {
  return createInterface({ input: process.stdin });
}
