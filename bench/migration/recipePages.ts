import type { Bundle } from './bundle.ts';
import type { Site } from './site.ts';
import { sourceNode } from './site.ts';

/** The recipe's port. */
const port = 27;

/** The part of the recipe in which memory follows behind: a page server at the source, CRIU's lazy pages at the destination. */
export interface PageServer {
  /** Begins the checkpoint, which goes on as the page server, and waits until it serves. */
  serve(images: string, limitMs: number): Promise<void>;
  /** Starts the program that asks for pages, and waits for its socket: the restore fails where it is not there yet. */
  ask(limitMs: number): Promise<void>;
  /** Waits until all pages have come and both programs have ended. */
  end(limitMs: number): Promise<void>;
  clear(): Promise<void>;
}

/**
 * Scripts around two programs that go on after the script that started them. Each writes its exit code when it has ended, and
 * its pid, so that it can be ended.
 */
export function makePageServer({ source, destination }: Site, { directory, runc }: Bundle, name: string): PageServer {
  const begin = (script: string, file: string) =>
    `cd ${directory} && rm -f ${file}.* && { setsid sh -c '{ ${script}; } >${file}.out 2>&1; echo $? >${file}.code' & echo $! >${file}.pid; }`;
  const until = (condition: string, file: string) =>
    `cd ${directory} && until ${condition}; do test -s ${file}.code && { cat ${file}.out; exit 1; }; sleep 0.005; done`;
  const ended = (file: string) =>
    `cd ${directory} && until test -s ${file}.code; do sleep 0.005; done; read -r code <${file}.code; test $code = 0 || { cat ${file}.out; exit 1; }`;
  const kill = (file: string) => `kill -KILL -- -$(cat ${directory}/${file}.pid 2>/dev/null) 2>/dev/null; true`;
  const criu = `criu lazy-pages --page-server --address ${sourceNode} --port ${port} -D image -W image -o lazy-pages.log`;
  return {
    async serve(images, limitMs) {
      const lazy = `--lazy-pages --page-server 0.0.0.0:${port} --status-fd 3`;
      const checkpoint = runc(`checkpoint ${images} ${lazy} ${name} 3>status`, 'image/dump.log');
      await source.run(`${begin(checkpoint, 'serve')}; ${until('test -s status', 'serve')}`, limitMs);
    },
    async ask(limitMs) {
      const said = 'grep -h Error image/lazy-pages.log | head -n 2';
      const script = `${begin(`${criu} || { ${said}; false; }`, 'ask')}; ${until('test -S image/lazy-pages.socket', 'ask')}`;
      await destination.run(script, limitMs);
    },
    async end(limitMs) {
      // the source first: where it fails, the destination would ask for ever
      await source.run(ended('serve'), limitMs);
      await destination.run(ended('ask'), limitMs);
    },
    async clear() {
      await source.run(kill('serve'));
      await destination.run(kill('ask'));
    },
  };
}
