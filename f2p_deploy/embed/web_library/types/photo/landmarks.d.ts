/** A place in a picture in pixels: x right, y down from the top left corner, pixel centres at .5. */
export interface Point {
    readonly x: number;
    readonly y: number;
}
/** The five points of one face; left is left in the picture. */
export interface Landmarks {
    /** The centre of the eye's outline. */
    readonly leftEye: Point;
    readonly rightEye: Point;
    readonly noseTip: Point;
    /** The corners of the mouth. */
    readonly mouthLeft: Point;
    readonly mouthRight: Point;
}
/** Returns the five points in the order of the contract's template. */
export declare function pointsOf(face: Landmarks): Point[];
/** Returns the face of five points in the order of the contract's template. */
export declare function landmarksOf(points: readonly Point[]): Landmarks;
/** Returns the distance of two points. */
export declare function distance(a: Point, b: Point): number;
/** Returns the mean of points. */
export declare function mean(points: readonly Point[]): Point;
/** Returns the nose tip's distance to the right of the line from mid-eyes to mid-mouth, / the line's length. */
export declare function noseOffset(face: Landmarks): number;
