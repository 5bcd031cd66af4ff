import { Parameters } from "../character/parameters";
import type { Schema } from "../character/schema";

/** Returns the names of the controllers of a part of the face, or of all discrete groups for null. */
export function namesOf(schema: Schema, part: string | null): string[] {
  if (part === null) return schema.discrete.map((group) => group.name);
  return schema.controllers.filter((controller) => controller.group === part).map((controller) => controller.name);
}

/** Returns a character in which some names have the values of another one; what is locked stays.
 *
 * @param names - of controllers and of discrete groups.
 * @param values - the other character's parameters.
 */
export function reset(from: Parameters, names: readonly string[], values: Float32Array): Parameters {
  const wanted = new Set(names.filter((name) => !from.locked.has(name)));
  const mask = from.withLocked(wanted).lockedMask;
  return new Parameters(
    from.schema,
    from.values.map((value, i) => (mask[i] ? values[i] : value)),
    from.locked,
  );
}

/** Returns a character in which names are locked, or none of them is. */
export function withLocks(from: Parameters, names: readonly string[], locked: boolean): Parameters {
  const all = new Set(from.locked);
  for (const name of names) {
    if (locked) all.add(name);
    else all.delete(name);
  }
  return from.withLocked(all);
}

/** Returns whether all, none or some (`mixed`) of the names are locked, as `aria-pressed` says it. */
export function lockState(from: Parameters, names: readonly string[]): "true" | "false" | "mixed" {
  const count = names.filter((name) => from.locked.has(name)).length;
  if (count === 0) return "false";
  return count === names.length ? "true" : "mixed";
}

/** Returns the names of controllers and discrete groups whose values differ in two characters. */
export function differences(from: Parameters, values: Float32Array): Set<string> {
  const { schema } = from;
  const names = schema.controllers.filter((_, i) => from.values[i] !== values[i]).map((controller) => controller.name);
  for (const { group, start, end } of schema.parts) {
    if (from.values.subarray(start, end).some((value, i) => value !== values[start + i])) names.push(group.name);
  }
  return new Set(names);
}

/** Returns whether two characters have the same values and the same locks. */
export function sameCharacter(one: Parameters, other: Parameters): boolean {
  if (one === other) return true;
  const sameLocks = one.locked.size === other.locked.size && [...one.locked].every((name) => other.locked.has(name));
  return sameLocks && differences(one, other.values).size === 0;
}
