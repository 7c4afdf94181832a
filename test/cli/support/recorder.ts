import { makeTerminal, type Terminal } from '../../../cli/terminal/terminal.ts';

/** A terminal that keeps what is written, as a pipe would. */
export interface Recorder {
  terminal: Terminal;
  output(): string;
  errors(): string;
}

export function makeRecorder(): Recorder {
  const written = { output: '', errors: '' };
  const stream = (name: 'output' | 'errors') => ({
    write(text: string) {
      written[name] += text;
    },
  });
  return {
    terminal: makeTerminal(stream('output'), stream('errors'), {}),
    output: () => written.output,
    errors: () => written.errors,
  };
}
