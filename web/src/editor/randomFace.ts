import { Parameters } from "../character/parameters";

/** Returns a character some way from another one; what is locked stays.
 *
 * @param far - how far, in [0, 1]: each controller moves by at most this part of its range, and each discrete group
 * gets another option with this probability.
 * @param random - gives numbers in [0, 1).
 */
export function randomFace(from: Parameters, far: number, random: () => number = Math.random): Parameters {
  const { schema, locked } = from;
  const values = from.values.slice();
  schema.controllers.forEach(({ name }, i) => {
    const moved = values[i] + far * (2 * random() - 1);
    if (!locked.has(name)) values[i] = Math.min(1, Math.max(0, moved));
  });
  for (const { group, start, end } of schema.parts) {
    const changes = random() < far;
    const option = Math.floor(random() * group.options.length);
    if (!changes || locked.has(group.name)) continue;
    values.fill(0, start, end);
    values[start + option] = 1;
  }
  return new Parameters(schema, values, locked);
}
