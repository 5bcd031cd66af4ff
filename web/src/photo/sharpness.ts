import type { Point } from "./landmarks";
import type { Picture } from "./picture";
import type { Similarity } from "./similarity";
import { warp } from "./warp";

/** Edge in pixels of the square in which sharpness is measured, for aligned faces of any size. */
const SIZE = 256;

/** Pixels averaged in each direction before the Laplacian, which suppresses grain and JPEG blocks. */
const GRAIN = 2;

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
export function sharpness(photo: Picture, toFace: Similarity, points: readonly Point[], face: Picture): number {
  const scale = SIZE / face.width;
  const drawn =
    face.width === SIZE
      ? face
      : warp(photo, toFace.scaled(scale), SIZE);
  const edge = SIZE / GRAIN;
  const grey = greyOf(drawn);
  const xs = points.map((point) => (point.x * scale) / GRAIN);
  const ys = points.map((point) => (point.y * scale) / GRAIN);
  const [left, right] = extent(xs, edge);
  const [top, bottom] = extent(ys, edge);
  const at = (x: number, y: number) => grey[y * edge + x];
  const values: number[] = [];
  const laplacian: number[] = [];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      values.push(at(x, y));
      if (x > left && x < right - 1 && y > top && y < bottom - 1) {
        laplacian.push(4 * at(x, y) - at(x - 1, y) - at(x + 1, y) - at(x, y - 1) - at(x, y + 1));
      }
    }
  }
  const contrast = deviation(values);
  return contrast > 0.5 ? (100 * deviation(laplacian)) / contrast : 0;
}

/** Returns the luma of a picture, averaged over squares of `GRAIN` pixels. */
function greyOf(picture: Picture): Float32Array {
  const { width, pixels } = picture;
  const edge = width / GRAIN;
  const grey = new Float32Array(edge * edge);
  const luma = (x: number, y: number) => {
    const place = 4 * (y * width + x);
    return (pixels[place] * 19595 + pixels[place + 1] * 38470 + pixels[place + 2] * 7471 + 0x8000) >> 16;
  };
  for (let y = 0; y < edge; y++) {
    for (let x = 0; x < edge; x++) {
      let sum = 2;
      for (let i = 0; i < GRAIN; i++) for (let j = 0; j < GRAIN; j++) sum += luma(GRAIN * x + i, GRAIN * y + j);
      grey[y * edge + x] = Math.floor(sum / (GRAIN * GRAIN));
    }
  }
  return grey;
}

/** Returns the range of whole pixels around coordinates, with a margin of a quarter of their extent. */
function extent(values: readonly number[], edge: number): [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const margin = 0.25 * (high - low);
  return [Math.floor(Math.max(low - margin, 0)), Math.min(Math.ceil(high + margin), edge)];
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length));
}
