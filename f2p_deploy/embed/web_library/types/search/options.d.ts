import type { Schema } from "../character/schema.js";
import type { Contract } from "../networks/contract.js";
import type { Description, Networks } from "../networks/networks.js";
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
export declare function chooseOptions(choice: Choice): Promise<Float32Array>;
/** Returns parameters with each group's best option by the content loss through the shortcut.
 *
 * Each round compares all options of all groups, each beside the others' present options; then the best single change,
 * the best of every group together, and the best other options of every two groups, since two changes may be good
 * together that are bad alone. The best of all is taken, until nothing is better.
 */
export declare function chooseOptionsFast(choice: Choice): Promise<Float32Array>;
