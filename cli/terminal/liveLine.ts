import type { Terminal } from './terminal.ts';

/** A line that shows the present state: drawn over at a terminal, otherwise one line for each change. */
export interface LiveLine {
  show(text: string): void;
  /** Takes the drawn line away, so that others can be printed. */
  clear(): void;
}

/** Goes to standard error, so that standard output holds nothing but the result. */
export function makeLiveLine(terminal: Terminal): LiveLine {
  let last = '';
  return {
    show(text) {
      if (text === last) return;
      last = text;
      if (!terminal.live) terminal.remark(text);
      else terminal.draw(`\r\u001b[2K${text.slice(0, Math.max(10, terminal.columns - 1))}`);
    },
    clear() {
      if (terminal.live && last !== '') terminal.draw('\r\u001b[2K');
      last = '';
    },
  };
}
