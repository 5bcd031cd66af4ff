import { throwIfStopped } from "../errors";
import type { Schema } from "../character/schema";
import type { SearchSettings } from "../networks/contract";
import type { Description, Networks, Step } from "../networks/networks";

/** How far a search is. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  /** The loss before the last step. */
  readonly loss: number;
}

/** Options of a search.
 *
 * @param locked - entries of the state that never change.
 * @param onProgress - called after every step.
 * @param signal - stops the search before its next step.
 */
export interface SearchOptions {
  readonly fast: boolean;
  readonly locked?: readonly boolean[] | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The result of a search: parameters with discrete groups as probabilities, and the losses. */
export interface Found {
  readonly parameters: Float32Array;
  /** The loss before each step and after the last. */
  readonly losses: number[];
}

/** Searches for a character by projected gradient descent (section 3.4.2, eq. 9 of the paper).
 *
 * @param start - controllers in [0, 1], then unbounded logits of the discrete groups.
 * @param photo - the photo to approach.
 */
export async function search(
  networks: Networks,
  schema: Schema,
  settings: SearchSettings,
  start: Float32Array,
  photo: Description,
  options: SearchOptions,
): Promise<Found> {
  const locked = Float32Array.from(start, (_, i) => (options.locked?.[i] ? 1 : 0));
  const step = (state: Float32Array, before: Float32Array, learningRate: number, momentum: number): Step => ({
    state,
    before,
    locked,
    learningRate,
    momentum,
    beta: settings.beta,
    discreteRate: settings.discreteRate,
  });
  let reached = start;
  let before = start;
  let best = { state: start, loss: Infinity };
  const losses: number[] = [];
  const total = settings.learningRates.length;
  for (const learningRate of settings.learningRates) {
    throwIfStopped(options.signal);
    const taken = await networks.step(step(reached, before, learningRate, settings.momentum), photo, options.fast);
    losses.push(taken.loss);
    if (taken.loss < best.loss) best = { state: taken.lookahead, loss: taken.loss };
    before = reached;
    reached = taken.next;
    options.onProgress?.({ done: losses.length, total, loss: taken.loss });
  }
  throwIfStopped(options.signal);
  // The loss of the last state, which is neither moved on nor changed.
  const { loss } = await networks.step(step(reached, reached, 0, 0), photo, options.fast);
  losses.push(loss);
  const last = settings.keepBest && loss >= best.loss ? best.state : reached;
  return { parameters: schema.smoothed(last, settings.beta), losses };
}
