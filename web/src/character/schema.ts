/** One slider of the editor. */
export interface Controller {
  /** Unique, dotted: `eyes.size`. */
  readonly name: string;
  /** The part of the face that it belongs to. */
  readonly group: string;
  /** The average face's value, in [0, 1]. */
  readonly standard: number;
  /** The engine's units at 0 and at 1. */
  readonly low: number;
  readonly high: number;
  /** The matching controller of the other half of the face. */
  readonly mirror?: string;
  /** Makes the face uneven: values on both sides of the standard mirror each other. */
  readonly asymmetric?: boolean;
}

/** One choice of the editor: a hairstyle, a colour. */
export interface DiscreteGroup {
  readonly name: string;
  readonly options: readonly string[];
  /** The average face's option. */
  readonly standard: string;
}

/** A discrete group and the half-open range of its options in a vector of parameters. */
export interface Part {
  readonly group: DiscreteGroup;
  readonly start: number;
  readonly end: number;
}

/** The schema as plain data, as the contract holds it. */
export interface SchemaData {
  readonly name: string;
  /** SHA-256 of everything that the meaning of a vector depends on. */
  readonly fingerprint: string;
  readonly controllers: readonly Controller[];
  readonly discrete: readonly DiscreteGroup[];
}

/** Probabilities are clamped to at least this before the logarithm is taken. */
const SMALLEST_PROBABILITY = 1e-4;

/** The controllers and discrete groups of one kind of character, in the order of its parameters. */
export class Schema {
  readonly name: string;
  readonly fingerprint: string;
  readonly controllers: readonly Controller[];
  readonly discrete: readonly DiscreteGroup[];
  /** Where each discrete group's options are in a vector of parameters. */
  readonly parts: readonly Part[];
  /** Number of parameters: the controllers, then one for each option of each discrete group. */
  readonly count: number;
  private readonly places: ReadonlyMap<string, number>;

  constructor(data: SchemaData) {
    this.name = data.name;
    this.fingerprint = data.fingerprint;
    this.controllers = data.controllers;
    this.discrete = data.discrete;
    let start = data.controllers.length;
    this.parts = data.discrete.map((group) => {
      const part = { group, start, end: start + group.options.length };
      start = part.end;
      return part;
    });
    this.count = start;
    this.places = new Map(data.controllers.map((controller, i) => [controller.name, i]));
  }

  /** Returns the place of a controller in a vector, or -1 if there is none of that name. */
  placeOf(controller: string): number {
    return this.places.get(controller) ?? -1;
  }

  /** Returns the names of the parts of the face that have controllers, in the schema's order. */
  get groups(): string[] {
    return [...new Set(this.controllers.map((controller) => controller.group))];
  }

  /** Returns the name of each parameter: a controller's, or `group=option`. */
  get parameterNames(): string[] {
    return [
      ...this.controllers.map((controller) => controller.name),
      ...this.discrete.flatMap((group) => group.options.map((option) => `${group.name}=${option}`)),
    ];
  }

  /** Returns the average face: every controller and every discrete group at its standard. */
  average(): Float32Array {
    const values = new Float32Array(this.count);
    this.controllers.forEach((controller, i) => (values[i] = controller.standard));
    for (const { group, start } of this.parts) values[start + group.options.indexOf(group.standard)] = 1;
    return values;
  }

  /** Returns a vector whose discrete groups are one-hot at their most probable option.
   *
   * @param values - the parameters.
   * @param lead - a group's standard option stays unless another one is more probable by more than this.
   */
  hardened(values: Float32Array, lead = 0): Float32Array {
    const hard = values.slice();
    for (const { group, start, end } of this.parts) {
      const options = values.subarray(start, end);
      const best = Math.max(...options);
      const standard = group.options.indexOf(group.standard);
      const keeps = Math.fround(options[standard] + Math.fround(lead)) >= best;
      hard.fill(0, start, end);
      hard[start + (keeps ? standard : options.indexOf(best))] = 1;
    }
    return hard;
  }

  /** Returns the parameters of a state of the search: softmax(beta z) within each discrete group. */
  smoothed(state: Float32Array, beta: number): Float32Array {
    const values = state.slice();
    for (const { start, end } of this.parts) {
      const logits = Array.from(state.subarray(start, end), (logit) => beta * logit);
      const largest = Math.max(...logits);
      const weights = logits.map((logit) => Math.exp(logit - largest));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      weights.forEach((weight, i) => (values[start + i] = weight / total));
    }
    return values;
  }

  /** Returns the state of the search whose `smoothed` gives these parameters. */
  state(values: Float32Array, beta: number): Float32Array {
    return values.map((value, i) =>
      i < this.controllers.length ? value : Math.log(Math.max(value, SMALLEST_PROBABILITY)) / beta,
    );
  }
}
