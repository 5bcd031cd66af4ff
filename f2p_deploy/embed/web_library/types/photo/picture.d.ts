/** A picture: RGBA, 8 bits a channel, row by row from the top left corner; alpha is always 255. */
export interface Picture {
    readonly width: number;
    readonly height: number;
    /** `4 * width * height` numbers. */
    readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}
/** Returns the planes of a picture as the networks take them: all of red, of green, of blue, in [0, 1]. */
export declare function toPlanes(picture: Picture): Float32Array;
/** Returns the square picture of the planes that a network drew.
 *
 * @param planes - `3 * edge * edge` numbers in [0, 1].
 * @param edge - pixels in a row.
 */
export declare function fromPlanes(planes: Float32Array, edge: number): Picture;
/** Returns a picture of RGB values, `3 * width * height` of them. */
export declare function fromRgb(rgb: Uint8Array, width: number, height: number): Picture;
/** Returns the mean of each square of pixels; those cut off at the right and lower edge are smaller. */
export declare function reduced(picture: Picture, factor: number): Picture;
