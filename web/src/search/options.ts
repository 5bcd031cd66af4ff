import { throwIfStopped } from "../errors";
import type { Part, Schema } from "../character/schema";
import type { Contract } from "../networks/contract";
import type { Description, Networks } from "../networks/networks";
import { contentLoss } from "./losses";

/** A difference of losses below this fraction is rounding. */
const ROUNDING = 1e-6;

/** The inputs of a choice of options.
 *
 * @param values - parameters with one option in each discrete group.
 * @param locked - groups with a locked entry are left alone.
 */
export interface Choice {
  readonly networks: Networks;
  readonly contract: Contract;
  readonly schema: Schema;
  readonly values: Float32Array;
  readonly photo: Description;
  readonly locked?: readonly boolean[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Returns parameters with each group's best option by content, from pictures, in the schema's order. */
export async function chooseOptions(choice: Choice): Promise<Float32Array> {
  const { networks, contract, photo } = choice;
  let chosen = choice.values;
  for (const part of freeParts(choice)) {
    let best = { values: chosen, loss: Infinity };
    for (const [i, option] of part.group.options.entries()) {
      throwIfStopped(choice.signal);
      const tried = withOption(chosen, part, i);
      const drawn = await networks.describe(await networks.render(tried));
      const margin = option === part.group.standard ? 1 - contract.standardMargin : 1;
      const loss = contentLoss(photo.content, drawn.content, contract) * margin;
      if (loss < best.loss) best = { values: tried, loss };
    }
    chosen = best.values;
  }
  return chosen;
}

/** Returns parameters with each group's best option by the content loss through the shortcut.
 *
 * Each round compares all options of all groups, each beside the others' present options; then the best single change,
 * the best of every group together, and the best other options of every two groups, since two changes may be good
 * together that are bad alone. The best of all is taken, until nothing is better.
 */
export async function chooseOptionsFast(choice: Choice): Promise<Float32Array> {
  const groups = freeParts(choice);
  let chosen = choice.values;
  for (let round = 0; round < groups.length; round++) {
    const singles = groups.flatMap((part) => part.group.options.map((_, i) => withOption(chosen, part, i)));
    const scores = await scoresOf(singles, groups, choice);
    const present = scores[singles.findIndex((single) => same(single, chosen))];
    const candidates = [singles[lowest(scores)], ...changesOf(chosen, groups, singles, scores)];
    const found = await scoresOf(candidates, groups, choice);
    const best = lowest(found);
    if (found[best] >= present * (1 - ROUNDING)) break;
    chosen = candidates[best];
  }
  return chosen;
}

/** Returns the best option of every group together, then the best other options of every two groups. */
function changesOf(chosen: Float32Array, groups: Part[], singles: Float32Array[], scores: number[]): Float32Array[] {
  const together = chosen.slice();
  const others: { part: Part; options: Float32Array }[] = [];
  let start = 0;
  for (const part of groups) {
    const places = part.group.options.map((_, i) => start + i);
    together.set(optionsOf(singles[lowest(scores, places)], part), part.start);
    const changed = places.filter((place) => !same(singles[place], chosen));
    if (changed.length) others.push({ part, options: optionsOf(singles[lowest(scores, changed)], part) });
    start += places.length;
  }
  const pairs = others.flatMap((one, i) =>
    others.slice(i + 1).map((other) => {
      const pair = chosen.slice();
      pair.set(one.options, one.part.start);
      pair.set(other.options, other.part.start);
      return pair;
    }),
  );
  return [together, ...pairs];
}

/** Returns content losses, reduced by a margin for each group that is at its standard option. */
async function scoresOf(characters: Float32Array[], groups: Part[], choice: Choice): Promise<number[]> {
  const { contract, networks, photo } = choice;
  const standard = choice.schema.average();
  const count = contract.comparedAtOnce ?? 1;
  const losses: number[] = [];
  for (let start = 0; start < characters.length; start += count) {
    throwIfStopped(choice.signal);
    const batch = Array.from({ length: count }, (_, i) => characters[Math.min(start + i, characters.length - 1)]);
    losses.push(...(await networks.compareFast(batch, photo)));
  }
  return characters.map((character, i) => {
    const atStandard = groups.filter((part) => same(optionsOf(character, part), optionsOf(standard, part))).length;
    return losses[i] * (1 - contract.standardMargin) ** atStandard;
  });
}

function freeParts(choice: Choice): Part[] {
  return choice.schema.parts.filter((part) => !choice.locked?.slice(part.start, part.end).includes(true));
}

function withOption(values: Float32Array, part: Part, option: number): Float32Array {
  const tried = values.slice();
  tried.fill(0, part.start, part.end);
  tried[part.start + option] = 1;
  return tried;
}

function optionsOf(values: Float32Array, part: Part): Float32Array {
  return values.subarray(part.start, part.end);
}

function same(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

/** Returns the place of the lowest score, the first one if several are equal. */
function lowest(scores: readonly number[], places: readonly number[] = scores.map((_, i) => i)): number {
  return places.reduce((best, place) => (scores[place] < scores[best] ? place : best), places[0] ?? 0);
}
