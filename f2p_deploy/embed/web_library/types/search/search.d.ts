import type { Schema } from "../character/schema.js";
import type { SearchSettings } from "../networks/contract.js";
import type { Description, Networks } from "../networks/networks.js";
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
export declare function search(networks: Networks, schema: Schema, settings: SearchSettings, start: Float32Array, photo: Description, options: SearchOptions): Promise<Found>;
