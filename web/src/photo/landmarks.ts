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
export function pointsOf(face: Landmarks): Point[] {
  return [face.leftEye, face.rightEye, face.noseTip, face.mouthLeft, face.mouthRight];
}

/** Returns the face of five points in the order of the contract's template. */
export function landmarksOf(points: readonly Point[]): Landmarks {
  const [leftEye, rightEye, noseTip, mouthLeft, mouthRight] = points;
  return { leftEye, rightEye, noseTip, mouthLeft, mouthRight };
}

/** Returns the distance of two points. */
export function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** Returns the mean of points. */
export function mean(points: readonly Point[]): Point {
  const count = Math.max(1, points.length);
  return {
    x: points.reduce((sum, point) => sum + point.x, 0) / count,
    y: points.reduce((sum, point) => sum + point.y, 0) / count,
  };
}

/** Returns the nose tip's distance to the right of the line from mid-eyes to mid-mouth, / the line's length. */
export function noseOffset(face: Landmarks): number {
  const eyes = mean([face.leftEye, face.rightEye]);
  const mouth = mean([face.mouthLeft, face.mouthRight]);
  const down = { x: mouth.x - eyes.x, y: mouth.y - eyes.y };
  const length = Math.hypot(down.x, down.y) || 1;
  const across = { x: down.y / length, y: -down.x / length };
  const middle = mean([eyes, mouth]);
  return ((face.noseTip.x - middle.x) * across.x + (face.noseTip.y - middle.y) * across.y) / length;
}
