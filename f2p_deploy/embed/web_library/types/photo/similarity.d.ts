import { type Point } from "./landmarks.js";
/** A rotation, a scale and a shift of the plane: x' = a x - b y + x0, y' = b x + a y + y0. */
export declare class Similarity {
    readonly a: number;
    readonly b: number;
    readonly x: number;
    readonly y: number;
    constructor(a: number, b: number, x: number, y: number);
    /** Returns the transform that maps points onto others (least squares, no reflection). */
    static fit(source: readonly Point[], target: readonly Point[]): Similarity;
    /** The factor by which lengths grow. */
    get scale(): number;
    /** Returns the transform whose result is scaled in addition. */
    scaled(factor: number): Similarity;
    apply(point: Point): Point;
    get inverse(): Similarity;
}
