/**
 * The one table of error codes.
 *
 * Programs read the code, people read the sentence and the remedy. A sentence may hold `{placeholders}`, filled from the
 * details given where the error is raised. `kind` tells who has to act: `refused` (the caller: the request cannot be
 * obeyed as it is), `failed` (the environment: something around us did not work), `bug` (us).
 */
export const errorTable = {
  // requests
  'malformed-request': {
    kind: 'refused',
    sentence: 'The request is not valid: {field}: {problem}.',
    remedy: 'Correct the field {field}; `tagalong contract` prints the schema of every request.',
  },
  'payload-too-large': {
    kind: 'refused',
    sentence: 'The message of {bytes} bytes is larger than the limit of {limitBytes} bytes.',
    remedy: 'Send a request of fewer than {limitBytes} bytes.',
  },
  'retained-request': {
    kind: 'refused',
    sentence: 'A request must not be retained, so this one was dropped.',
    remedy:
      'Publish the request again without the retain flag, and clear the retained one with an empty retained message.',
  },
  'expired-request': {
    kind: 'refused',
    sentence: 'The request expired at {expiresAt}, before it could be obeyed.',
    remedy: 'Send it again with a later expiresAt, and check that the clocks agree.',
  },
  'id-reused': {
    kind: 'refused',
    sentence: 'The request id {id} was used before for a different request.',
    remedy: 'Choose a new id for a new request; repeat an id only to repeat the very same request.',
  },
  'unknown-container': {
    kind: 'refused',
    sentence: 'No node of this site has a container named {container}.',
    remedy: 'List the containers with `tagalong ps`.',
  },
  'unknown-node': {
    kind: 'refused',
    sentence: 'This site has no node named {node}.',
    remedy: 'List the nodes with `tagalong nodes`.',
  },
  'unknown-migration': {
    kind: 'refused',
    sentence: 'There is no migration {migration} under way here.',
    remedy: 'List what is under way with `tagalong ps` or `tagalong watch`.',
  },
  'node-offline': {
    kind: 'refused',
    sentence: 'The node {node} is offline.',
    remedy: 'Start its agent, or choose another node from `tagalong nodes`.',
  },
  'node-draining': {
    kind: 'refused',
    sentence: 'The node {node} is draining and takes no containers.',
    remedy: 'Choose another node, or end the drain with `tagalong undrain {node}`.',
  },
  'node-full': {
    kind: 'refused',
    sentence: 'The node {node} already runs {containers} containers, which is its limit.',
    remedy: 'Stop or move a container there, or raise maxContainers in its configuration.',
  },
  'same-node': {
    kind: 'refused',
    sentence: 'The container {container} is already on {node}.',
    remedy: 'Choose another destination.',
  },
  'container-exists': {
    kind: 'refused',
    sentence: 'A container named {container} already exists on {node}.',
    remedy: 'Choose another name, or stop the existing one with `tagalong stop {container}`.',
  },
  'container-busy': {
    kind: 'refused',
    sentence: 'The container {container} is being moved by migration {migration}.',
    remedy: 'Wait for it, or cancel it with `tagalong cancel {migration}`.',
  },
  'checkpoint-under-way': {
    kind: 'refused',
    sentence: 'A checkpoint of the container {container} is being written to {file}.',
    remedy: 'Wait until it is written, then try again.',
  },
  'container-not-running': {
    kind: 'refused',
    sentence: 'The container {container} is {status}, not running.',
    remedy: 'Only running containers can be moved or checkpointed; see `tagalong ps`.',
  },
  'container-pinned': {
    kind: 'refused',
    sentence: 'The container {container} is pinned to {node}.',
    remedy: 'Unpin it with `tagalong unpin {container}`, or repeat the request with force.',
  },
  'generation-mismatch': {
    kind: 'refused',
    sentence: 'The container {container} is at generation {actual}, not {expected}.',
    remedy: 'Read the present generation with `tagalong describe {container}` and repeat.',
  },
  'image-not-found': {
    kind: 'refused',
    sentence: 'There is no usable {kind} at {path}: {problem}.',
    remedy: 'Give the path of an OCI bundle, an OCI image layout (path:tag) or a root file system on node {node}.',
  },
  'volume-unusable': {
    kind: 'refused',
    sentence: 'The volume {volume} cannot be used: {problem}.',
    remedy: 'Name volumes NAME:/absolute/path/in/the/container; names are lower-case letters, digits and hyphens.',
  },
  'no-address-left': {
    kind: 'refused',
    sentence: 'All addresses of the range {range} on node {node} are in use.',
    remedy: 'Stop a container, give an address with the request, or widen containerAddresses in the configuration.',
  },
  'address-in-use': {
    kind: 'refused',
    sentence: 'The address {address} is in use by the container {container}.',
    remedy: 'Choose another address, or leave it out to be given a free one.',
  },
  'not-cancellable': {
    kind: 'refused',
    sentence: 'The migration {migration} is in phase {phase}, after its commit, and cannot be cancelled.',
    remedy: 'Wait until it is completed, then move the container back.',
  },
  // blocked reasons: answered before anything stops
  'architecture-mismatch': {
    kind: 'refused',
    sentence: 'The container runs on {from} instructions and {node} has {to}.',
    remedy: 'Choose a node of the architecture {from}.',
  },
  'cpu-features-missing': {
    kind: 'refused',
    sentence: 'The processor of {node} lacks features that the container may use: {features}.',
    remedy: 'Choose a node with the same or a newer processor, or start the container with these features masked.',
  },
  'page-size-mismatch': {
    kind: 'refused',
    sentence: 'Memory pages are {from} bytes here and {to} bytes on {node}.',
    remedy: 'Boot both nodes with kernels of the same page size.',
  },
  'criu-missing': {
    kind: 'refused',
    sentence: 'CRIU does not work on {node}: {problem}.',
    remedy: 'Install criu 4.2 or newer there, and look at `criu check` as root.',
  },
  'criu-too-old': {
    kind: 'refused',
    sentence: 'CRIU {version} on {node} is older than {minimum}, which wrote or must read the images.',
    remedy: 'Upgrade criu on {node}.',
  },
  'runc-missing': {
    kind: 'refused',
    sentence: 'runC does not work on {node}: {problem}.',
    remedy: 'Install runc there.',
  },
  'cgroup-mismatch': {
    kind: 'refused',
    sentence: 'Control groups are {from} here and {to} on {node}.',
    remedy: 'Boot both nodes with the same cgroup version.',
  },
  'not-enough-memory': {
    kind: 'refused',
    sentence: 'The node {node} has {availableBytes} bytes of memory available and the container needs {neededBytes}.',
    remedy: 'Free memory there, or choose another node.',
  },
  'not-enough-disk': {
    kind: 'refused',
    sentence: 'The disk of {node} has {availableBytes} bytes free and the container needs {neededBytes}.',
    remedy: 'Free space in the data directory there, or choose another node.',
  },
  'peer-unreachable': {
    kind: 'refused',
    sentence: 'The agent of {node} cannot be reached at {endpoint}: {problem}.',
    remedy: 'Check the network between the nodes and the dataPlane address in the configuration of {node}.',
  },
  'bind-missing': {
    kind: 'refused',
    sentence: 'The bound directory {path} does not exist on {node}.',
    remedy: 'Create or mount it there, or use a managed volume, which travels with the container.',
  },
  'technique-unavailable': {
    kind: 'refused',
    sentence: 'The technique {technique} cannot be used: {problem}.',
    remedy:
      'Leave the technique to `auto`, or choose another one; `tagalong describe --node {node}` shows what it can do.',
  },
  'not-prepared': {
    kind: 'refused',
    sentence: 'No node is kept warm for the container {container}.',
    remedy: 'Prepare one with `tagalong prepare {container} --to NODE`.',
  },
  'file-exists': {
    kind: 'refused',
    sentence: 'The file {file} already exists on {node}.',
    remedy: 'Choose another file, or remove that one.',
  },
  'archive-unusable': {
    kind: 'refused',
    sentence: 'The archive {file} cannot be restored: {problem}.',
    remedy:
      'Check that it is whole and was written by `tagalong checkpoint`; it is a tar, so `tar -tvf {file}` lists what it holds.',
  },
  // the environment failed
  'bad-image': {
    kind: 'failed',
    sentence: 'The image {file} is not usable: {problem}.',
    remedy: 'Take the checkpoint again; a migration that met it runs on at its source.',
  },
  'command-failed': {
    kind: 'failed',
    sentence: '`{command}` failed: {problem}.',
    remedy: 'Read the message; the log of the agent has its whole output.',
  },
  'checkpoint-failed': {
    kind: 'failed',
    sentence: 'The container {container} could not be checkpointed: {problem}.',
    remedy: 'It runs on, on {node}. The log of CRIU named in the details says what it could not dump.',
  },
  'restore-failed': {
    kind: 'failed',
    sentence: 'The container {container} could not be restored on {node}: {problem}.',
    remedy:
      'If it was being moved, it runs on at its source; an archive stays as it is. The message is from the log of CRIU.',
  },
  'transfer-failed': {
    kind: 'failed',
    sentence: 'The transfer to {node} failed: {problem}.',
    remedy: 'The container runs on at its source. Check the network between the nodes, then try again.',
  },
  'migration-cancelled': {
    kind: 'failed',
    sentence: 'The migration {migration} was cancelled in phase {phase}.',
    remedy: 'The container runs on, on {node}.',
  },
  'start-failed': {
    kind: 'failed',
    sentence: 'The container {container} could not be started: {problem}.',
    remedy: 'Check its image and its command; `tagalong logs {container}` shows what it printed.',
  },
  'in-doubt': {
    kind: 'failed',
    sentence: 'The migration {migration} of {container} was handed to {node}, which does not answer.',
    remedy:
      'The container stays frozen here until {node} answers. Bring {node} back, or decide: `tagalong resolve {container} --node {source} --here` if {node} does not have it, `--there` if it does.',
  },
  'not-in-doubt': {
    kind: 'refused',
    sentence: 'Nothing is to be decided for {container}: it does not stand still for want of an answer here.',
    remedy: 'See `tagalong describe {container}`.',
  },
  'pages-are-here': {
    kind: 'refused',
    sentence: 'The container {container} cannot be left to {node}: a part of its memory is here alone.',
    remedy: 'Bring {node} back, or decide for `--here`.',
  },
  overtaken: {
    kind: 'failed',
    sentence: 'The container {container} stands still: {node} has it with the higher generation {generation}.',
    remedy: 'Once nothing of it is needed any more: `runc delete --force {container}` here, and restart the agent.',
  },
  'destination-lost': {
    kind: 'failed',
    sentence:
      'The power of {node} was cut while pages of {container} were still on their way to it, in the migration {migration}.',
    remedy: 'It goes on here from where it was handed over; what it did there since is lost.',
  },
  'broker-unreachable': {
    kind: 'failed',
    sentence: 'The broker at {url} cannot be reached: {problem}.',
    remedy: 'Start it with `tagalong controller`, or give its address with --broker.',
  },
  'not-authorized': {
    kind: 'refused',
    sentence: 'The broker refused the user name or password of {user}.',
    remedy: 'Check the credentials; the broker reads them from its users file.',
  },
  'not-permitted': {
    kind: 'refused',
    sentence: 'The broker does not let {user} {action} {topic}.',
    remedy: 'Use a user of another role; `tagalong contract` prints who may read and write each topic.',
  },
  'no-answer': {
    kind: 'failed',
    sentence: 'Nobody answered the {verb} request within {waitMs} ms.',
    remedy: 'Look at `tagalong nodes`: is the agent of that node online?',
  },
  // set-up
  'bad-configuration': {
    kind: 'refused',
    sentence: 'The configuration {file} is not valid: {field}: {problem}.',
    remedy: 'Correct the field {field} in {file}.',
  },
  'bad-usage': {
    kind: 'refused',
    sentence: '{problem}.',
    remedy: 'See `{command} --help`.',
  },
  'lab-exists': {
    kind: 'refused',
    sentence: 'The lab {lab} is already up.',
    remedy: 'Use it, or take it down with `tagalong lab down`.',
  },
  'lab-down': {
    kind: 'refused',
    sentence: 'The lab {lab} is not up.',
    remedy: 'Start it with `tagalong lab up`.',
  },
  'lab-failed': {
    kind: 'failed',
    sentence: 'The lab {lab} could not be built: {problem}.',
    remedy: 'Read the message, then `tagalong lab down` and try again.',
  },
  'unknown-member': {
    kind: 'refused',
    sentence: 'The lab {lab} has nothing named {member} that this can be done with.',
    remedy: 'Choose one of: {known}.',
  },
  'shaping-unavailable': {
    kind: 'failed',
    sentence: 'The kernel of this machine cannot shape {what}: {problem}.',
    remedy: 'Leave {what} out, or load the kernel module {module}.',
  },
  'demo-failed': {
    kind: 'failed',
    sentence: 'The demo did not come to its end: {problem}.',
    remedy: 'Run `tagalong demo --keep` and look at the lab with `tagalong watch --lab demo`.',
  },
  'program-missing': {
    kind: 'failed',
    sentence: 'The program {program} is not installed.',
    remedy: 'Install the Debian package {package}.',
  },
  'not-root': {
    kind: 'refused',
    sentence: 'This needs root: {purpose}.',
    remedy: 'Run it as root, or with sudo.',
  },
  bug: {
    kind: 'bug',
    sentence: 'Tagalong made a mistake: {problem}.',
    remedy: 'Please report it with the log.',
  },
} as const satisfies Record<string, { kind: 'refused' | 'failed' | 'bug'; sentence: string; remedy: string }>;

/** A stable error code: a key of the one table. */
export type ErrorCode = keyof typeof errorTable;

/** What a program sees of an error: in responses, migration documents and `--json` output. */
export interface ErrorReport {
  code: ErrorCode;
  message: string;
  remedy: string;
  details?: Record<string, unknown>;
}

function fill(template: string, details: Record<string, unknown>): string {
  return template.replace(/\{(\w+)\}/g, (_, key: string) => String(details[key] ?? `{${key}}`));
}

/** The only error that Tagalong raises on purpose: a stable code, a sentence, a remedy, and the cause if there is one. */
export class TagalongError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string;
  readonly details: Record<string, unknown>;

  /**
   * @param code - a key of {@link errorTable}
   * @param details - fills the placeholders of the sentence and the remedy; further entries go along for programs
   * @param cause - the error that led to this one
   */
  constructor(code: ErrorCode, details: Record<string, unknown> = {}, cause?: unknown) {
    super(fill(errorTable[code].sentence, details), cause === undefined ? undefined : { cause });
    this.name = 'TagalongError';
    this.code = code;
    this.remedy = fill(errorTable[code].remedy, details);
    this.details = details;
  }

  /** The error as data, for a response or a document. */
  report(): ErrorReport {
    return { code: this.code, message: this.message, remedy: this.remedy, details: this.details };
  }
}

/** Any thrown value as an error report; what is not a {@link TagalongError} is a bug of ours. */
export function reportOf(error: unknown): ErrorReport {
  if (error instanceof TagalongError) return error.report();
  const problem = error instanceof Error ? error.message : String(error);
  return new TagalongError('bug', { problem }, error).report();
}
