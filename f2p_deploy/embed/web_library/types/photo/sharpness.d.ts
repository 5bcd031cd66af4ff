import type { Point } from "./landmarks.js";
import type { Picture } from "./picture.js";
import type { Similarity } from "./similarity.js";
/** Returns the sharpness of a face between brows and mouth: per cent of its contrast, 0 for a flat picture.
 *
 * It is 100 times the standard deviation of the Laplacian of the face at 256 pixels, averaged over 2 x 2 pixels, / the
 * standard deviation of its grey values.
 *
 * @param photo - the photo.
 * @param toFace - from the photo to the aligned face.
 * @param points - the five points in the aligned face.
 * @param face - the aligned face; drawn again if it does not have 256 pixels.
 */
export declare function sharpness(photo: Picture, toFace: Similarity, points: readonly Point[], face: Picture): number;
