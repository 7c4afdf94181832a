import test from 'ava';
import { errorTable } from '../../broker/contract/errors.ts';
import { topicNames } from '../../broker/contract/topics.ts';
import { runCommandLine } from '../../cli/commandLine.ts';
import { makeProgram, withSubcommands } from '../../cli/program.ts';
import { makeRecorder } from './support/recorder.ts';

async function tagalong(...words: string[]) {
  const recorder = makeRecorder();
  const exitCode = await runCommandLine(words, recorder.terminal);
  return { exitCode, output: recorder.output(), errors: recorder.errors() };
}

/** The words that lead to each command, such as `lab up`. */
function paths(): string[][] {
  const program = makeProgram(makeRecorder().terminal);
  return withSubcommands(program).map((command) => {
    const words: string[] = [];
    for (let at: typeof command | null = command; at?.parent; at = at.parent) words.unshift(at.name());
    return words;
  });
}

for (const words of paths()) {
  const name = ['tagalong', ...words].join(' ');
  test(`${name} --help has an example of itself`, async (t) => {
    const { exitCode, output } = await tagalong(...words, '--help');
    t.is(exitCode, 0);
    const example = output.slice(output.indexOf('Example:'));
    t.true(example.startsWith(`Example:\n  $ `), output);
    t.true(example.includes(name), output);
  });
}

for (const words of paths().filter((path) => path.length > 0 && path.join(' ') !== 'lab')) {
  test(`tagalong ${words.join(' ')} takes --json`, async (t) => {
    t.true((await tagalong(...words, '--help')).output.includes('--json'));
  });
}

test('all commands of the site are there', (t) => {
  const names = paths().map((words) => words.join(' '));
  const wanted =
    'controller agent run stop ps logs nodes clients migrate cancel pin unpin drain undrain describe watch contract demo checkpoint restore prepare unprepare resolve';
  for (const name of wanted.split(' ')) t.true(names.includes(name), name);
  for (const name of ['up', 'down', 'status', 'exec', 'roam', 'shape']) t.true(names.includes(`lab ${name}`), name);
});

test('a wrong command line: sentence and remedy for people', async (t) => {
  const { exitCode, output, errors } = await tagalong('migrate', 'web');
  t.is(exitCode, 2);
  t.is(output, '');
  t.regex(errors, /required option '--to <node>' not specified\./);
  t.regex(errors, /See `tagalong migrate --help`/);
});

test('a wrong command line: a report for programs', async (t) => {
  const { exitCode, output, errors } = await tagalong('run', 'web', '--node', 'a/b', '--image', '/x', '--json');
  t.is(exitCode, 2);
  t.is(errors, '');
  const { error } = JSON.parse(output);
  t.deepEqual(Object.keys(error).sort(), ['code', 'details', 'message', 'remedy']);
  t.is(error.code, 'bad-usage');
  t.regex(error.message, /--node.*a\/b.*lower-case/);
});

test('--json after -- belongs to the container, not to us', async (t) => {
  const { output, errors } = await tagalong('run', 'web', '--', 'server', '--json');
  t.is(output, '');
  t.regex(errors, /--node/);
});

test('a bad argument is named, not called a mistake of ours', async (t) => {
  const { exitCode, errors } = await tagalong('stop', 'Web/1', '--broker', 'mqtt://127.0.0.1:1');
  t.is(exitCode, 2);
  t.regex(errors, /Web\/1/);
});

test('an unreachable broker', async (t) => {
  const { exitCode, output } = await tagalong('ps', '--json', '--broker', 'mqtt://127.0.0.1:1');
  t.is(exitCode, 4);
  t.is(JSON.parse(output).error.code, 'broker-unreachable');
});

test('no command at all prints the help and counts as wrong use', async (t) => {
  const { exitCode, output, errors } = await tagalong();
  t.is(exitCode, 2);
  t.is(output, '');
  t.regex(errors, /Exit codes:/);
});

test('an unknown command', async (t) => {
  const { exitCode, errors } = await tagalong('psx');
  t.is(exitCode, 2);
  t.regex(errors, /unknown command 'psx'/);
  t.regex(errors, /See `tagalong --help`/);
});

test('contract: the table, JSON, AsyncAPI, Markdown and an ACL', async (t) => {
  const table = await tagalong('contract', '--site', 'attic');
  t.is(table.exitCode, 0);
  t.true(table.output.includes('tagalong/v1/attic/'));
  t.is(table.output.trimEnd().split('\n').length, topicNames.length + 3);
  const json = JSON.parse((await tagalong('contract', '--json')).output);
  t.is(json.topics.length, topicNames.length);
  t.deepEqual(Object.keys(json.errors), Object.keys(errorTable));
  const asyncapi = JSON.parse((await tagalong('contract', '--asyncapi')).output);
  t.regex(asyncapi.asyncapi, /^3\./);
  t.regex((await tagalong('contract', '--markdown')).output, /^# /);
  t.regex((await tagalong('contract', '--mosquitto-acl', '--node', 'ap1')).output, /^user ap1$/m);
  t.is((await tagalong('contract', '--asyncapi', '--markdown')).exitCode, 2);
});

test('an agent without a usable configuration names the file and the field', async (t) => {
  const missing = await tagalong('controller', '--config', '/nonexistent/controller.yaml', '--json');
  t.is(missing.exitCode, 2);
  t.like(JSON.parse(missing.output).error, {
    code: 'bad-configuration',
    details: { file: '/nonexistent/controller.yaml' },
  });
});
