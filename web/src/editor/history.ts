/** The states of a work: what undo goes back to, the present one, and what redo brings back. Never changes. */
export interface History<T> {
  readonly past: readonly Entry<T>[];
  readonly present: T;
  readonly future: readonly Entry<T>[];
  /** The gesture that the present state is part of, such as one drag of one slider; null once it has ended. */
  readonly gesture: string | null;
}

/** A state that undo or redo leads to, and the name of the change between it and its neighbour. */
export interface Entry<T> {
  readonly state: T;
  readonly change: string;
}

/** Number of states that undo can go back. */
const DEPTH = 200;

/** Returns a history that begins with a state. */
export function begin<T>(present: T): History<T> {
  return { past: [], present, future: [], gesture: null };
}

/** Returns the history after a change.
 *
 * @param change - what was changed, for the names of undo and redo.
 * @param gesture - changes in a row with the same gesture are one entry.
 */
export function changed<T>(history: History<T>, present: T, change: string, gesture: string | null = null): History<T> {
  const goesOn = gesture !== null && gesture === history.gesture;
  const past = goesOn ? history.past : [...history.past, { state: history.present, change }].slice(-DEPTH);
  return { past, present, future: [], gesture };
}

/** Returns the history in which the next change begins an entry of its own. */
export function ended<T>(history: History<T>): History<T> {
  return history.gesture === null ? history : { ...history, gesture: null };
}

/** Returns the history one change back; the same one if there is none. */
export function undone<T>(history: History<T>): History<T> {
  const last = history.past.at(-1);
  if (!last) return history;
  const future = [{ state: history.present, change: last.change }, ...history.future];
  return { past: history.past.slice(0, -1), present: last.state, future, gesture: null };
}

/** Returns the history one undone change forward; the same one if there is none. */
export function redone<T>(history: History<T>): History<T> {
  const [next, ...future] = history.future;
  if (!next) return history;
  const past = [...history.past, { state: history.present, change: next.change }];
  return { past, present: next.state, future, gesture: null };
}
