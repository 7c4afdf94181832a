import { Option } from 'commander';
import { parseName } from '../parsing/identifiers.ts';

/** `--name`, the same for all commands of the lab. */
export function labNameOption(): Option {
  return new Option('--name <lab>', 'which lab').argParser(parseName).default('lab');
}
