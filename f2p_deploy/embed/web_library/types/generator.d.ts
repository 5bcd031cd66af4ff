import { Parameters } from "./character/parameters.js";
import { Schema } from "./character/schema.js";
import type { Contract, Mode } from "./networks/contract.js";
import type { Networks } from "./networks/networks.js";
import type { Picture } from "./photo/picture.js";
import { type Progress } from "./search/search.js";
/** One character made from one photo. */
export interface Generation {
    /** Discrete groups one-hot, as a game needs them. */
    readonly parameters: Parameters;
    /** The same vector with discrete groups as the probabilities that the networks gave. */
    readonly probabilities: Float32Array;
    readonly mode: Mode;
    /** The loss before each step and after the last; empty for one-shot. */
    readonly losses: readonly number[];
}
/** Options of `generate`.
 *
 * @param mode - `hybrid` if not given.
 * @param keep - a character whose locked controllers and discrete groups are kept.
 * @param fast - whether to search through the shortcut; as the contract says if not given.
 * @param shape - the face's shape as a finder measured it; estimated from the face if not given.
 * @param onProgress - called after every step of a search.
 * @param signal - stops the generation.
 */
export interface GenerateOptions {
    readonly mode?: Mode | undefined;
    readonly keep?: Parameters | undefined;
    readonly fast?: boolean | undefined;
    readonly shape?: Float32Array | undefined;
    readonly onProgress?: ((progress: Progress) => void) | undefined;
    readonly signal?: AbortSignal | undefined;
}
/** Makes characters from aligned faces with any networks; the same steps as f2p-deploy's Python side. */
export declare class CharacterGenerator {
    readonly contract: Contract;
    private readonly networks;
    readonly schema: Schema;
    constructor(contract: Contract, networks: Networks);
    /** Generates a character from one aligned face.
     *
     * @param face - `imageSize` x `imageSize`, from `align`.
     * @throws CharacterError `invalid-input` for a face of another size or a character of another schema, `stopped`.
     */
    generate(face: Picture, options?: GenerateOptions): Promise<Generation>;
    /** Renders parameters with the imitator.
     *
     * @throws CharacterError `invalid-input` for parameters of another schema.
     */
    render(parameters: Parameters): Promise<Picture>;
    /** Returns a description in which a measured shape replaces the estimated one, if searches compare shapes. */
    private withShape;
    private startOf;
    /** Returns a start with the best options: in the wrong skin tone, a search would distort the face to compensate. */
    private withOptions;
    /** Returns whether a mode searches through the shortcut: as the call asks, else as the contract says. */
    private goesFast;
    private requireSchema;
    /** Returns the character of generated values: locked values restored, one option in each discrete group. */
    private finish;
}
