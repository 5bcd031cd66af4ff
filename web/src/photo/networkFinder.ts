/** The built-in finder: the same steps as `f2p_deploy.alignment.network_finder`, with the same two networks. */

import { distance, landmarksOf, mean, type Point } from "./landmarks";
import type { FaceFinder, FoundFace } from "./finder";
import type { Picture } from "./picture";
import { Similarity } from "./similarity";
import { quickWarp } from "./warp";

/** Edges in pixels of the pictures that the two networks take. */
const PHOTO_EDGE = 192;
const FACE_EDGE = 128;

/** Smallest score of a detection, and largest number of detections that are read in one square. */
const SCORE = 0.25;
const MOST_DETECTIONS = 12;

/** Smallest distance of two detections, in eye distances of the larger one. */
const APART_BY = 1.2;

/** Places of the five points in an upright close-up, in fractions of its edge. */
const TEMPLATE: readonly (readonly [number, number])[] = [
  [0.34375, 0.334],
  [0.65625, 0.334],
  [0.5, 0.51],
  [0.357, 0.671],
  [0.643, 0.671],
];

/** Number of times that a face is read, each time in a close-up by the points of the reading before. */
const READINGS = 2;

/** Smallest probability of a face, in the first reading and in the last. */
const FIRST_FACE = 0.2;
const FACE = 0.92;

/** Largest disagreement of a face with its mirror image. */
const APART = 0.08;

/** The probability of a face that ends the search, and the last search of the whole photo; after it, any face ends it. */
const SURE = 0.97;
const LAST_OF_WHOLE = 2;

/** The margin of the second view is the photo's longer edge / this. */
const MARGIN = 3;

const SMALLEST_TILE = 256;
const MOST_TILES_ACROSS = 8;
const MOST_FACES = 5;

/** A square of the photo: left, top and edge in pixels; anticlockwise quarter turns of its picture. */
type Square = readonly [left: number, top: number, edge: number, turns?: number];

/** A possible face: score, middle and eye distance in pixels, cosine and sine of its roll. */
export interface Detection {
  readonly score: number;
  readonly x: number;
  readonly y: number;
  readonly eyes: number;
  readonly cos: number;
  readonly sin: number;
}

/** The reader's outputs, its points in pixels of the photo. */
export interface Reading {
  readonly points: readonly Point[];
  readonly face: number;
  readonly disagreement: number;
  readonly yaw: number;
  readonly pitch: number;
  readonly shape: Float32Array;
}

/** Runs the two networks on 8-bit RGB pictures; outputs by name, float32. */
export interface FinderNetworks {
  detect(rgb: Uint8Array): Promise<Float32Array>;
  read(rgb: Uint8Array): Promise<Readonly<Record<string, Float32Array>>>;
}

/** A finder of faces of any roll by two small networks. */
export class NetworkFinder implements FaceFinder {
  constructor(private readonly networks: FinderNetworks) {}

  async find(photo: Picture): Promise<FoundFace[]> {
    const readings: Reading[] = [];
    let attempt = 0;
    for (const searched of squares(photo.height, photo.width)) {
      for (const square of searched) readings.push(...(await this.search(photo, squareToPicture(square))));
      const most = Math.max(0, ...readings.map((reading) => reading.face));
      if (most >= SURE || (readings.length && attempt >= LAST_OF_WHOLE)) break;
      attempt++;
    }
    const faces = different(readings).sort((a, b) => unitOf(b.points) - unitOf(a.points));
    return faces.slice(0, MOST_FACES).map(found);
  }

  /** Detects the faces in a square of the photo and reads them. */
  private async search(photo: Picture, toPicture: Similarity): Promise<Reading[]> {
    const rows = await this.networks.detect(rgbOf(quickWarp(photo, toPicture, PHOTO_EDGE)));
    const readings: Reading[] = [];
    for (const detection of bestDetections(rows, toPicture.inverse)) {
      const reading = await this.readDetection(photo, detection);
      if (reading) readings.push(reading);
    }
    return readings;
  }

  /** Reads a face several times, upright and turned by 180 degrees; returns null if it is not a face. */
  private async readDetection(photo: Picture, detection: Detection): Promise<Reading | null> {
    for (const tried of [detection, { ...detection, cos: -detection.cos, sin: -detection.sin }]) {
      let reading = await this.read(photo, uprightOf(tried));
      for (let i = 1; i < READINGS && reading.face >= FIRST_FACE; i++) {
        const target = TEMPLATE.map(([x, y]) => ({ x: x * FACE_EDGE, y: y * FACE_EDGE }));
        reading = await this.read(photo, Similarity.fit(reading.points, target));
      }
      if (reading.face >= FACE && reading.disagreement <= APART) return reading;
    }
    return null;
  }

  private async read(photo: Picture, toPicture: Similarity): Promise<Reading> {
    const outputs = await this.networks.read(rgbOf(quickWarp(photo, toPicture, FACE_EDGE)));
    const back = toPicture.inverse;
    const places = outputs["points"];
    return {
      points: [0, 2, 4, 6, 8].map((i) => back.apply({ x: places[i], y: places[i + 1] })),
      face: outputs["face"][0],
      disagreement: outputs["disagreement"][0],
      yaw: outputs["turn"][0],
      pitch: outputs["turn"][1],
      shape: outputs["shape"],
    };
  }
}

/** Yields the squares of a photo to search, cheapest first: the whole, the whole with a margin, in quarter turns, then tiles. */
export function* squares(height: number, width: number): Generator<Square[]> {
  const longest = Math.max(height, width);
  for (const margin of [0, Math.floor(longest / MARGIN)]) {
    const edge = longest + 2 * margin;
    yield [[(width - edge) / 2, (height - edge) / 2, edge]];
  }
  yield [1, 3, 2].map((turns) => [(width - longest) / 2, (height - longest) / 2, longest, turns] as const);
  for (let across = 2; across <= MOST_TILES_ACROSS && longest / across >= SMALLEST_TILE; across *= 2) {
    const side = Math.ceil(longest / across);
    const step = Math.floor(side / 2);
    const tiles: Square[] = [];
    for (let top = 0; top < Math.max(1, height - step); top += step) {
      for (let left = 0; left < Math.max(1, width - step); left += step) tiles.push([left, top, side]);
    }
    yield tiles;
  }
}

/** Returns the detector's best faces in pixels of the photo, best first, none of them near a better one.
 *
 * @param rows - 6 numbers per cell: score, x, y, eye distance, cosine and sine of the roll.
 * @param toPhoto - from the detector's picture to the photo.
 */
export function bestDetections(rows: Float32Array, toPhoto: Similarity): Detection[] {
  const order = Array.from({ length: rows.length / 6 }, (_, i) => i).sort((i, j) => rows[6 * j] - rows[6 * i] || i - j);
  const scale = Math.hypot(toPhoto.a, toPhoto.b);
  const [a, b] = [toPhoto.a / scale, toPhoto.b / scale];
  const kept: Detection[] = [];
  for (const i of order) {
    const [score, x, y, eyes, cos, sin] = rows.subarray(6 * i, 6 * i + 6);
    if (score < SCORE || kept.length === MOST_DETECTIONS) break;
    const direction = { cos: a * cos - b * sin, sin: b * cos + a * sin };
    const detection = { score, ...toPhoto.apply({ x, y }), eyes: scale * eyes, ...direction };
    const near = kept.some((other) => distance(detection, other) < APART_BY * Math.max(detection.eyes, other.eyes));
    if (!near) kept.push(detection);
  }
  return kept;
}

/** Returns the readings of different faces; of several readings of a face, the most probable one. */
export function different(readings: readonly Reading[]): Reading[] {
  const kept: Reading[] = [];
  for (const reading of [...readings].sort((a, b) => b.face - a.face)) {
    const [middle, eyes] = [mean(reading.points), eyesOf(reading.points)];
    const near = kept.some((other) => distance(middle, mean(other.points)) < APART_BY * Math.max(eyes, eyesOf(other.points)));
    if (!near) kept.push(reading);
  }
  return kept;
}

function squareToPicture([left, top, edge, turns = 0]: Square): Similarity {
  const scale = PHOTO_EDGE / edge;
  let matrix = new Similarity(scale, 0, -scale * left, -scale * top);
  for (let i = 0; i < turns; i++) matrix = new Similarity(matrix.b, -matrix.a, matrix.y, PHOTO_EDGE - matrix.x);
  return matrix;
}

/** Returns the transform from the photo to the upright close-up of a detection. */
function uprightOf({ x, y, eyes, cos, sin }: Detection): Similarity {
  const scale = ((TEMPLATE[1][0] - TEMPLATE[0][0]) * FACE_EDGE) / eyes;
  const [a, b] = [scale * cos, scale * sin];
  const middle = FACE_EDGE / 2;
  return new Similarity(a, -b, middle - a * x - b * y, middle + b * x - a * y);
}

/** Returns the length by which faces are ordered: that of the box around eyes and mouth grows with it. */
function unitOf(points: readonly Point[]): number {
  const eyes = mean(points.slice(0, 2));
  const mouth = mean(points.slice(3, 5));
  return Math.max(eyesOf(points), 0.9 * distance(eyes, mouth));
}

function eyesOf(points: readonly Point[]): number {
  return distance(points[0], points[1]);
}

function found({ points, yaw, pitch, shape }: Reading): FoundFace {
  return { landmarks: landmarksOf(points), yaw, pitch, shape };
}

function rgbOf({ pixels }: Picture): Uint8Array {
  const rgb = new Uint8Array((pixels.length / 4) * 3);
  for (let i = 0; i < pixels.length / 4; i++) {
    for (let channel = 0; channel < 3; channel++) rgb[3 * i + channel] = pixels[4 * i + channel];
  }
  return rgb;
}
