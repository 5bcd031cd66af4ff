import { CharacterError } from "../errors";
import type { Schema } from "./schema";

/** Tolerance of the sum of one discrete group's probabilities, which should be 1. */
const SUM_TOLERANCE = 1e-3;

/** One character: the value of every controller, the choice of every discrete group, and locks. Never changes. */
export class Parameters {
  /** Makes a character.
   *
   * @param schema - the meaning of the values.
   * @param values - `schema.count` numbers: controllers in [0, 1], then the probabilities of the options.
   * @param locked - names that generation does not change: of controllers and of discrete groups.
   * @throws CharacterError `invalid-input`: a wrong count, a value out of range, a group whose probabilities do not add
   * up to 1, or a lock on an unknown name.
   */
  constructor(
    readonly schema: Schema,
    readonly values: Float32Array,
    readonly locked: ReadonlySet<string> = new Set(),
  ) {
    if (values.length !== schema.count) {
      throw invalid(`schema '${schema.name}' has ${schema.count} parameters, found ${values.length}`);
    }
    const wrong = values.findIndex((value) => !(value >= 0 && value <= 1));
    if (wrong >= 0) {
      const name = schema.parameterNames[wrong];
      throw invalid(`'${name}' must lie in [0, 1], found ${values[wrong]}`, "wrongEntry", name);
    }
    for (const { group, start, end } of schema.parts) {
      const sum = values.subarray(start, end).reduce((total, value) => total + value, 0);
      if (Math.abs(sum - 1) > SUM_TOLERANCE) {
        const message = `the probabilities of discrete group '${group.name}' must add up to 1, found ${sum}`;
        throw invalid(message, "wrongEntry", group.name);
      }
    }
    for (const name of locked) {
      if (schema.placeOf(name) < 0 && !schema.discrete.some((group) => group.name === name)) {
        throw invalid(`no controller or discrete group named '${name}'`, "unknownLock", name);
      }
    }
  }

  /** Returns the value of a controller, in [0, 1]. */
  value(controller: string): number {
    return this.values[this.place(controller)];
  }

  /** Returns the value of a controller in the engine's units. */
  engineValue(controller: string): number {
    const { low, high } = this.schema.controllers[this.place(controller)];
    return low + this.value(controller) * (high - low);
  }

  /** Returns the most probable option of a discrete group. */
  choice(group: string): string {
    const part = this.part(group);
    const options = this.values.subarray(part.start, part.end);
    return part.group.options[options.indexOf(Math.max(...options))];
  }

  /** Returns a copy in which a controller has another value, in [0, 1]. */
  withValue(controller: string, value: number): Parameters {
    const values = this.values.slice();
    values[this.place(controller)] = value;
    return new Parameters(this.schema, values, this.locked);
  }

  /** Returns a copy in which a discrete group has another option. */
  withChoice(group: string, option: string): Parameters {
    const part = this.part(group);
    const chosen = part.group.options.indexOf(option);
    if (chosen < 0) throw invalid(`no option of '${group}' named '${option}'`);
    const values = this.values.slice();
    values.fill(0, part.start, part.end);
    values[part.start + chosen] = 1;
    return new Parameters(this.schema, values, this.locked);
  }

  /** Returns a copy with other locks. */
  withLocked(locked: ReadonlySet<string>): Parameters {
    return new Parameters(this.schema, this.values, locked);
  }

  /** Returns for each value whether it is locked. */
  get lockedMask(): boolean[] {
    return [
      ...this.schema.controllers.map((controller) => this.locked.has(controller.name)),
      ...this.schema.discrete.flatMap((group) => group.options.map(() => this.locked.has(group.name))),
    ];
  }

  /** Returns generated values for everything that is not locked here. */
  merged(generated: Float32Array): Float32Array {
    const mask = this.lockedMask;
    return generated.map((value, i) => (mask[i] ? this.values[i] : value));
  }

  /** Returns the character of the mirrored face. */
  mirrored(): Parameters {
    const values = this.values.slice();
    this.schema.controllers.forEach((controller, i) => {
      if (controller.mirror !== undefined) values[i] = this.value(controller.mirror);
      else if (controller.asymmetric) values[i] = Math.min(1, Math.max(0, 2 * controller.standard - this.values[i]));
    });
    return new Parameters(this.schema, values, this.locked);
  }

  private place(controller: string): number {
    const place = this.schema.placeOf(controller);
    if (place < 0) throw invalid(`no controller named '${controller}'`);
    return place;
  }

  private part(group: string) {
    const found = this.schema.parts.find((part) => part.group.name === group);
    if (!found) throw invalid(`no discrete group named '${group}'`);
    return found;
  }
}

function invalid(message: string, code = "", name = ""): CharacterError {
  return new CharacterError("invalid-input", message, code ? { name } : {}, code);
}
