import { type Picture } from "./picture.js";
import type { Similarity } from "./similarity.js";
/** Draws a transformed square of a photo, as f2p-deploy's Python side does.
 *
 * If the photo is shrunk, it is first averaged over blocks of pixels, then drawn at twice the size and halved, which
 * prevents aliasing. Outside the photo its edge pixels are repeated.
 *
 * @param photo - the photo.
 * @param toSquare - from pixels of the photo to pixels of the square.
 * @param size - edge of the square in pixels.
 */
export declare function warp(photo: Picture, toSquare: Similarity, size: number): Picture;
/** Draws a transformed square as `warp` does, but once and bilinearly, for networks that only measure. */
export declare function quickWarp(photo: Picture, toSquare: Similarity, size: number): Picture;
/** Returns the share of a warped square that is inside the photo, in [0, 1]. */
export declare function insideFraction(photo: Picture, toSquare: Similarity, size: number): number;
