import type { Contract, Mode } from "../networks/contract.js";
import type { FoundFace } from "./finder.js";
import { type Landmarks } from "./landmarks.js";
import type { Picture } from "./picture.js";
/** A sentence about a photo that may spoil the character, with the key of its translations. */
export interface Warning {
    readonly code: string;
    readonly message: string;
    readonly values: Readonly<Record<string, string | number>>;
}
/** A face of a photo, in the place of the average face. */
export interface AlignedFace {
    /** `imageSize` x `imageSize`. */
    readonly picture: Picture;
    readonly landmarks: Landmarks;
    readonly warnings: readonly Warning[];
    /** The shape vector of the face, if the finder measures it. */
    readonly shape?: Float32Array | undefined;
    /** The mode that suits the photo: `hybrid` if the face is frontal, sharp and large, else `one-shot`. */
    readonly mode: Mode;
}
/** Warps a face onto the average face by a similarity transform (section 3.6 of the paper).
 *
 * @param photo - the photo.
 * @param found - one face.
 * @param contract - the template, the size and the limits.
 * @throws CharacterError `too-small`, `turned`, or `invalid-input` if the points are not those of a face.
 */
export declare function align(photo: Picture, found: FoundFace, contract: Contract): AlignedFace;
