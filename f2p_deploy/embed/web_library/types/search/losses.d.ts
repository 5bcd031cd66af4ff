import type { Contract } from "../networks/contract.js";
import type { Description, Networks } from "../networks/networks.js";
import type { Found } from "./search.js";
/** Returns the content loss (eq. 6 of the paper): the L1 distance of two contents. */
export declare function contentLoss(a: Float32Array, b: Float32Array, contract: Contract): number;
/** Returns the loss (eq. 9) of a drawn character beside a photo. */
export declare function trueLoss(drawn: Description, photo: Description, contract: Contract): number;
/** Lets the true networks choose between the start and the result of a search through the shortcut.
 *
 * @param start - parameters at the start of the search.
 * @param found - the result, with losses through the shortcut.
 * @param keepBest - false to return the result in any case.
 * @returns the better one; its first and last loss are the true ones of the start and of the result.
 */
export declare function betterOf(networks: Networks, contract: Contract, start: Float32Array, found: Found, photo: Description, keepBest: boolean): Promise<Found>;
