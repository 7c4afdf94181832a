import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { z } from 'zod';
import { problemOf } from '../../broker/connection.ts';
import { TagalongError } from '../../broker/contract/errors.ts';

/**
 * Reads a YAML file and checks it.
 *
 * @throws TagalongError `bad-configuration` naming the file and the field
 */
export async function readConfiguration<S extends z.ZodType>(file: string, schema: S): Promise<z.output<S>> {
  const wrong = (field: string, problem: string, cause: unknown) =>
    new TagalongError('bad-configuration', { file, field, problem }, cause);
  let content: unknown;
  try {
    content = parse(await readFile(file, 'utf8'));
  } catch (error) {
    const problem = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw wrong('(the whole file)', problem, error);
  }
  const checked = schema.safeParse(content ?? {});
  if (checked.success) return checked.data;
  const { field, problem } = problemOf(checked.error);
  throw wrong(field === '(the whole message)' ? '(the whole file)' : field, problem, checked.error);
}
