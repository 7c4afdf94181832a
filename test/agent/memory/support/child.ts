import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { ExecutionContext } from 'ava';

/** A process that fills memory of its own and does what it is told. */
export interface Child {
  readonly pid: number;
  /** Address of the memory that it filled. */
  readonly address: number;
  /** Says a word; resolves when it has obeyed. */
  tell(word: 'change' | 'unmap'): Promise<void>;
  stop(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): Promise<void>;
}

/**
 * Page n of its memory holds the byte n + 1 throughout, but for page 1, which is zeros. `change` adds one to every byte of
 * page 2.
 */
const program = `
import ctypes, mmap, sys
pages = int(sys.argv[1])
memory = mmap.mmap(-1, pages * 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for page in range(pages):
    memory[page * 4096:(page + 1) * 4096] = bytes([0 if page == 1 else (page + 1) & 255]) * 4096
holder = ctypes.c_char.from_buffer(memory)
print(ctypes.addressof(holder), flush=True)
for line in sys.stdin:
    if line == "change\\n":
        memory[2 * 4096:3 * 4096] = bytes([(memory[2 * 4096] + 1) & 255]) * 4096
    elif line == "unmap\\n":
        del holder
        memory.close()
    print("done", flush=True)
`;

export async function startChild(t: Pick<ExecutionContext, 'teardown'>, pages: number): Promise<Child> {
  const child = spawn('python3', ['-c', program, String(pages)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  t.teardown(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const address = Number((await lines.next()).value);
  return {
    pid: child.pid ?? 0,
    address,
    async tell(word) {
      child.stdin.write(`${word}\n`);
      await lines.next();
    },
    async stop(signal) {
      child.kill(signal);
      if (signal === 'SIGKILL') await ended;
    },
  };
}
