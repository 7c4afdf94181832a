import * as rules from '../../../../agent/migration/rules.ts';
import type { Step } from './search.ts';

/**
 * A migration as its two nodes and the network between them see it; all else is left out. Agents crash and start again at any
 * time, machines lose their power, messages are lost, late, doubled and in any order. What the nodes decide, the functions of
 * `agent/migration/rules.ts` decide.
 */

type Message =
  | 'commit'
  | 'it runs'
  | 'refused'
  | 'abort'
  | 'it was aborted'
  | 'it was committed'
  | 'all pages are here';

export interface State {
  source: {
    /** What its agent is about; undefined while there is none. */
    mind?: 'idle' | 'opened' | 'ready' | 'frozen' | 'told' | 'asking' | 'undoing' | 'thawing' | 'serving' | 'leaving';
    remains: rules.Remains;
    /** On its disk. */
    record: 'own' | 'handed over' | 'removed';
  };
  destination: {
    mind?: 'idle' | 'restored' | 'letting run' | 'giving up';
    container: 'none' | 'at the barrier' | 'running';
    /** On its tmpfs. */
    settled?: rules.Settled;
    /** On its disk. */
    record: 'none' | 'arriving' | 'own';
    hasAllPages: boolean;
    /** Whether its clients have heard from it there. */
    hasRun: boolean;
  };
  /** A move has an id of its own: there is one here. */
  hasBegun: boolean;
  /** All that was ever sent; any of it may still arrive, again and again, or never. */
  sent: Message[];
  /** Whose power was cut since the beginning. */
  cut: { source: boolean; destination: boolean };
}

/** The rules, and how they are kept; a test breaks one at a time. */
export type Rules = typeof rules & {
  /** The destination lets the processes go only after its outcome is written. */
  writesFirst: boolean;
  /** The destination writes down that it has aborted, and gives the container up. */
  settlesAborts: boolean;
  /** The source notes the hand-over before it freezes the container. */
  notesHandOver: boolean;
  /** The frozen processes stay until the destination has all pages. */
  keepsPages: boolean;
};
export const soundRules: Rules = {
  ...rules,
  writesFirst: true,
  settlesAborts: true,
  notesHandOver: true,
  keepsPages: true,
};

export const start: State = {
  source: { mind: 'idle', remains: 'running', record: 'own' },
  destination: { mind: 'idle', container: 'none', record: 'none', hasAllPages: false, hasRun: false },
  hasBegun: false,
  sent: [],
  cut: { source: false, destination: false },
};

/** Everything that can happen next. @param lazy - whether pages stay behind at the commit */
export function stepsOf(kept: Rules, lazy: boolean): (state: State) => Step<State>[] {
  return (state) => [
    ...sourceSteps(state, kept, lazy),
    ...destinationSteps(state, kept, lazy),
    ...mishaps(state, kept),
  ];
}

interface Change {
  source?: Partial<State['source']>;
  destination?: Partial<State['destination']>;
  hasBegun?: true;
  send?: Message;
  cut?: Partial<State['cut']>;
}

function after(state: State, change: Change): State {
  const sent = change.send === undefined ? state.sent : [...new Set([...state.sent, change.send])].sort();
  const destination = { ...state.destination, ...change.destination };
  return {
    source: { ...state.source, ...change.source },
    destination: { ...destination, hasRun: destination.hasRun || destination.container === 'running' },
    hasBegun: state.hasBegun || change.hasBegun === true,
    sent,
    cut: { ...state.cut, ...change.cut },
  };
}

function sourceSteps(state: State, kept: Rules, lazy: boolean): Step<State>[] {
  const { source, destination, sent } = state;
  const { mind, remains, record } = source;
  const steps: Step<State>[] = [];
  const can = (label: string, change: Change) =>
    steps.push({ label: `source: ${label}`, next: after(state, change), isMishap: false });
  const hears = (message: Message) => sent.includes(message);
  const hear = (settled: rules.Settled) => {
    const next = kept.hearOutcome(settled, remains, lazy);
    if (next === 'serve pages') can('serves pages', { source: { mind: 'serving' } });
    else if (next === 'give up') can('gives up', { source: { mind: 'leaving' } });
    else can(`hears ${settled}`, { source: { mind: next === 'thaw' ? 'thawing' : 'idle', record: 'own' } });
  };
  switch (mind) {
    case undefined: {
      const next = record === 'removed' ? 'leave' : kept.findOwn(record === 'handed over', remains, false);
      if (next === 'ask the destination') can('starts, asks', { source: { mind: 'asking' }, send: 'abort' });
      else if (next === 'thaw') can('starts, thaws', { source: { mind: 'thawing' } });
      else can('starts', { source: { mind: 'idle', ...(record === 'removed' ? {} : { record: 'own' }) } });
      break;
    }
    case 'idle':
      if (!state.hasBegun && destination.mind === 'idle')
        can('opens the destination', {
          source: { mind: 'opened' },
          destination: { record: 'arriving' },
          hasBegun: true,
        });
      break;
    case 'opened':
      can('notes the hand-over', { source: { mind: 'ready', record: kept.notesHandOver ? 'handed over' : 'own' } });
      can('is cancelled', { source: { mind: 'undoing' }, send: 'abort' });
      break;
    case 'ready':
      can('freezes', { source: { mind: 'frozen', remains: 'frozen' } });
      can('is cancelled', { source: { mind: 'undoing' }, send: 'abort' });
      break;
    case 'frozen':
      if (destination.mind === 'restored') can('gives the word', { source: { mind: 'told' }, send: 'commit' });
      can('fails', { source: { mind: 'undoing', remains: 'running' }, send: 'abort' });
      break;
    case 'undoing':
      can('has undone it', { source: { mind: 'idle', record: 'own' } });
      break;
    case 'told':
      if (hears('it runs')) can('hears that it runs', { source: { mind: lazy ? 'serving' : 'leaving' } });
      can('hears nothing, asks', { source: { mind: 'asking' }, send: 'abort' });
      break;
    case 'asking':
      if (hears('it was aborted')) hear('aborted');
      if (hears('it was committed')) hear('committed');
      break;
    case 'thawing':
      can('thaws', { source: { mind: 'idle', remains: remains === 'frozen' ? 'running' : remains } });
      break;
    case 'serving':
      if (!kept.keepsPages || hears('all pages are here')) can('is released', { source: { mind: 'leaving' } });
      else if (remains === 'frozen' && destination.container === 'running')
        // the pager there outlives the agent
        can('sends all pages', { destination: { hasAllPages: true }, send: 'all pages are here' });
      // the destination may have lost all that it had
      can('asks whether it is there', { source: { mind: 'asking' }, send: 'abort' });
      break;
    case 'leaving':
      if (remains !== 'gone') can('ends the frozen processes', { source: { remains: 'gone' } });
      else can('removes its record', { source: { mind: 'idle', record: 'removed' } });
      break;
  }
  return steps;
}

function destinationSteps(state: State, kept: Rules, lazy: boolean): Step<State>[] {
  const { source, destination, sent } = state;
  const { mind, container, settled, record } = destination;
  const steps: Step<State>[] = [];
  const can = (label: string, change: Change) =>
    steps.push({ label: `destination: ${label}`, next: after(state, change), isMishap: false });
  const remains = container === 'running' ? 'running' : 'gone';
  if (mind === undefined) {
    if (record !== 'arriving') can('starts', { destination: { mind: 'idle' } });
    else {
      const holds = settled ?? 'aborted';
      const next = kept.findArrival(holds, remains);
      can(`starts: ${next}`, {
        destination: {
          mind: 'idle',
          settled: holds,
          ...(next === 'adopt' ? { record: 'own' } : { record: 'none', container: 'none' }),
        },
      });
    }
    return steps;
  }
  if (mind === 'idle' && record === 'arriving' && container === 'none' && settled === undefined) {
    if (source.mind === 'frozen')
      can('restores', { destination: { mind: 'restored', container: 'at the barrier', hasAllPages: !lazy } });
  }
  if (mind === 'letting run') {
    can('lets the processes go', {
      destination: { mind: 'idle', container: 'running', settled: 'committed', record: 'own' },
      send: 'it runs',
    });
    return steps; // an abort waits until a commit is through, and the other way round
  }
  if (mind === 'giving up') {
    can('has given it up', {
      destination: { mind: 'idle', container: 'none', record: 'none' },
      send: 'it was aborted',
    });
    return steps;
  }
  if (record === 'arriving' && source.mind === 'idle' && settled === undefined)
    // the source knows of no such move: its agent has started anew
    can('asks the source, and gives it up', { destination: { mind: 'giving up', settled: 'aborted' } });
  if (sent.includes('commit')) {
    const heard = kept.hearCommit(settled, mind === 'restored');
    if (heard === 'run')
      can(kept.writesFirst ? 'writes that it is committed' : 'lets the processes go before it writes', {
        destination: kept.writesFirst
          ? { mind: 'letting run', settled: 'committed' }
          : { mind: 'letting run', container: 'running' },
      });
    else can(`hears commit: ${heard}`, { send: heard === 'refuse' ? 'refused' : 'it runs' });
  }
  if (sent.includes('abort')) {
    const holds = settled ?? 'aborted';
    if (holds === 'committed') can('says that it was committed', { send: 'it was committed' });
    else if (!kept.settlesAborts) can('only says that it is aborted', { send: 'it was aborted' });
    else can('writes that it is aborted', { destination: { mind: 'giving up', settled: holds } });
  }
  return steps;
}

function mishaps(state: State, kept: Rules): Step<State>[] {
  const { source, destination } = state;
  const steps: Step<State>[] = [];
  const can = (label: string, { mindOf, ...change }: Change & { mindOf: 'source' | 'destination' }) => {
    const next = after(state, change);
    delete next[mindOf].mind;
    steps.push({ label, next, isMishap: true });
  };
  if (source.mind !== undefined) can('the agent of the source is killed', { mindOf: 'source' });
  if (destination.mind !== undefined) {
    const { container, settled } = destination;
    const isHeld = container === 'at the barrier';
    const goesOn = isHeld && kept.passesBarrierAlone(settled);
    can('the agent of the destination is killed', {
      mindOf: 'destination',
      destination: { container: goesOn ? 'running' : isHeld ? 'none' : container },
    });
  }
  if (!state.cut.source)
    can('the power of the source is cut', { mindOf: 'source', source: { remains: 'gone' }, cut: { source: true } });
  if (!state.cut.destination) {
    can('the power of the destination is cut', {
      mindOf: 'destination',
      destination: { container: 'none' },
      cut: { destination: true },
    });
    delete steps.at(-1)?.next.destination.settled; // it lay on a tmpfs
  }
  return steps;
}

/** The rule that a state breaks, if any. */
export function forbidden({ source, destination, cut }: State): string | undefined {
  const runsThere = destination.container === 'running';
  if (source.remains === 'running' && runsThere) return 'never two';
  // what was answered there is not answered a second time
  if (source.remains === 'running' && destination.hasRun && !cut.destination) return 'never twice';
  const isHere = source.remains !== 'gone';
  if (!isHere && !runsThere && !cut.source && !cut.destination) return 'never none';
  if (runsThere && !isHere && !destination.hasAllPages && !cut.source) return 'never without its memory';
  return undefined;
}

/** One node runs the container, whole, and the other has nothing of it. */
export function isEnd({ source, destination }: State): boolean {
  const isHere = source.mind === 'idle' && source.remains === 'running' && source.record === 'own';
  const isThere = destination.mind === 'idle' && destination.container === 'running' && destination.record === 'own';
  if (isHere) return destination.container === 'none' && destination.record === 'none';
  return isThere && destination.hasAllPages && source.remains === 'gone' && source.record === 'removed';
}

/**
 * Whether there is anything left to be brought to an end. A container ends with the power of the machine that has it: so do pages
 * that were only at a source, and one that the source has just given up.
 */
export function mustEnd({ source, destination, cut }: State): boolean {
  if (destination.container === 'running') return destination.hasAllPages || !cut.source;
  const wasHandedOver = source.mind === 'leaving' && cut.destination;
  return source.remains !== 'gone' && !wasHandedOver;
}
