import type { Schema } from "./schema.js";
/** One character: the value of every controller, the choice of every discrete group, and locks. Never changes. */
export declare class Parameters {
    readonly schema: Schema;
    readonly values: Float32Array;
    readonly locked: ReadonlySet<string>;
    /** Makes a character.
     *
     * @param schema - the meaning of the values.
     * @param values - `schema.count` numbers: controllers in [0, 1], then the probabilities of the options.
     * @param locked - names that generation does not change: of controllers and of discrete groups.
     * @throws CharacterError `invalid-input`: a wrong count, a value out of range, a group whose probabilities do not add
     * up to 1, or a lock on an unknown name.
     */
    constructor(schema: Schema, values: Float32Array, locked?: ReadonlySet<string>);
    /** Returns the value of a controller, in [0, 1]. */
    value(controller: string): number;
    /** Returns the value of a controller in the engine's units. */
    engineValue(controller: string): number;
    /** Returns the most probable option of a discrete group. */
    choice(group: string): string;
    /** Returns a copy in which a controller has another value, in [0, 1]. */
    withValue(controller: string, value: number): Parameters;
    /** Returns a copy in which a discrete group has another option. */
    withChoice(group: string, option: string): Parameters;
    /** Returns a copy with other locks. */
    withLocked(locked: ReadonlySet<string>): Parameters;
    /** Returns for each value whether it is locked. */
    get lockedMask(): boolean[];
    /** Returns generated values for everything that is not locked here. */
    merged(generated: Float32Array): Float32Array;
    /** Returns the character of the mirrored face. */
    mirrored(): Parameters;
    private place;
    private part;
}
