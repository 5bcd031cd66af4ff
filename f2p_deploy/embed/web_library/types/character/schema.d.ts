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
/** The controllers and discrete groups of one kind of character, in the order of its parameters. */
export declare class Schema {
    readonly name: string;
    readonly fingerprint: string;
    readonly controllers: readonly Controller[];
    readonly discrete: readonly DiscreteGroup[];
    /** Where each discrete group's options are in a vector of parameters. */
    readonly parts: readonly Part[];
    /** Number of parameters: the controllers, then one for each option of each discrete group. */
    readonly count: number;
    private readonly places;
    constructor(data: SchemaData);
    /** Returns the place of a controller in a vector, or -1 if there is none of that name. */
    placeOf(controller: string): number;
    /** Returns the names of the parts of the face that have controllers, in the schema's order. */
    get groups(): string[];
    /** Returns the name of each parameter: a controller's, or `group=option`. */
    get parameterNames(): string[];
    /** Returns the average face: every controller and every discrete group at its standard. */
    average(): Float32Array;
    /** Returns a vector whose discrete groups are one-hot at their most probable option.
     *
     * @param values - the parameters.
     * @param lead - a group's standard option stays unless another one is more probable by more than this.
     */
    hardened(values: Float32Array, lead?: number): Float32Array;
    /** Returns the parameters of a state of the search: softmax(beta z) within each discrete group. */
    smoothed(state: Float32Array, beta: number): Float32Array;
    /** Returns the state of the search whose `smoothed` gives these parameters. */
    state(values: Float32Array, beta: number): Float32Array;
}
