import type { Landmarks } from "./landmarks.js";
import type { Picture } from "./picture.js";
/** One face of a photo. */
export interface FoundFace {
    readonly landmarks: Landmarks;
    /** Degrees; positive values turn the nose to the picture's right. Estimated from the points if not given. */
    readonly yaw?: number | undefined;
    /** Degrees; positive values turn the nose down. */
    readonly pitch?: number | undefined;
    /** The shape vector of the neutral face, for searches that compare it. */
    readonly shape?: Float32Array | undefined;
}
/** Finds the faces of a photo. */
export interface FaceFinder {
    /** Returns all faces, largest first; empty if there is none. */
    find(photo: Picture): Promise<FoundFace[]>;
}
