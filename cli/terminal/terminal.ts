import { makeStyle, type Style } from './style.ts';

/** Where a command writes: results to standard output, remarks and errors to standard error. */
export interface Terminal {
  readonly style: Style;
  /** Whether standard error is a terminal, so that a line may be drawn over. */
  readonly live: boolean;
  /** One line of the result. */
  print(line: string): void;
  /** One JSON document, on one line when it is one of several. */
  json(document: unknown, form?: 'document' | 'line'): void;
  /** One line beside the result. */
  remark(line: string): void;
  /** Text as it is, to standard error: for lines that are drawn over. */
  draw(text: string): void;
  readonly columns: number;
}

/** The part of a stream that is needed here. */
export interface OutputStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/**
 * A terminal over two streams. Colours only where standard output is a terminal and NO_COLOR is unset or empty
 * (no-color.org).
 */
export function makeTerminal(
  output: OutputStream,
  errors: OutputStream,
  environment: Record<string, string | undefined>,
): Terminal {
  const colours = output.isTTY === true && !environment['NO_COLOR'] && environment['TERM'] !== 'dumb';
  return {
    style: makeStyle(colours),
    live: errors.isTTY === true && environment['TERM'] !== 'dumb',
    print: (line) => void output.write(`${line}\n`),
    json: (document, form = 'document') =>
      void output.write(`${JSON.stringify(document, undefined, form === 'line' ? 0 : 2)}\n`),
    remark: (line) => void errors.write(`${line}\n`),
    draw: (text) => void errors.write(text),
    columns: errors.columns ?? 80,
  };
}
