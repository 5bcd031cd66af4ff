import { reduced, type Picture } from "./picture";
import type { Similarity } from "./similarity";

/** Draws a transformed square of a photo, as f2p-deploy's Python side does.
 *
 * If the photo is shrunk, it is first averaged over blocks of pixels, then drawn at twice the size and halved, which
 * prevents aliasing. Outside the photo its edge pixels are repeated.
 *
 * @param photo - the photo.
 * @param toSquare - from pixels of the photo to pixels of the square.
 * @param size - edge of the square in pixels.
 */
export function warp(photo: Picture, toSquare: Similarity, size: number): Picture {
  const oversampling = toSquare.scale < 1 ? 2 : 1;
  const drawn = draw(photo, toSquare, size, oversampling, bicubic);
  return oversampling > 1 ? reduced(drawn, oversampling) : drawn;
}

/** Draws a transformed square as `warp` does, but once and bilinearly, for networks that only measure. */
export function quickWarp(photo: Picture, toSquare: Similarity, size: number): Picture {
  return draw(photo, toSquare, size, 1, bilinear);
}

/** Writes one pixel, interpolated at a place of a picture, to `index` and the two after it. */
type Sample = (picture: Picture, x: number, y: number, pixels: Uint8ClampedArray, index: number) => void;

/** Draws a square at `oversampling` times its size, of a photo that is averaged over blocks of pixels if it shrinks. */
function draw(photo: Picture, toSquare: Similarity, size: number, oversampling: number, sample: Sample): Picture {
  const reduction = Math.max(1, Math.floor(1 / toSquare.scale));
  const back = toSquare.inverse;
  const { window, left, top } = windowOf(photo, back, size, 3 * reduction);
  const source = reduction > 1 ? reduced(window, reduction) : window;
  const edge = size * oversampling;
  const unit = oversampling * reduction;
  const pixels = new Uint8ClampedArray(4 * edge * edge).fill(255);
  for (let row = 0; row < edge; row++) {
    for (let column = 0; column < edge; column++) {
      const [x, y] = [column + 0.5, row + 0.5];
      const index = 4 * (row * edge + column);
      const placeX = (back.a * x - back.b * y) / unit + (back.x - left) / reduction;
      const placeY = (back.b * x + back.a * y) / unit + (back.y - top) / reduction;
      if (placeX >= 0 && placeX < source.width && placeY >= 0 && placeY < source.height) {
        sample(source, placeX, placeY, pixels, index);
      } else {
        pixels.fill(0, index, index + 3);
      }
    }
  }
  return { width: edge, height: edge, pixels };
}

/** Returns the share of a warped square that is inside the photo, in [0, 1]. */
export function insideFraction(photo: Picture, toSquare: Similarity, size: number): number {
  const back = toSquare.inverse;
  const cells = 32;
  let inside = 0;
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      const place = back.apply({ x: ((column + 0.5) * size) / cells, y: ((row + 0.5) * size) / cells });
      if (place.x >= 0 && place.x <= photo.width && place.y >= 0 && place.y <= photo.height) inside++;
    }
  }
  return inside / (cells * cells);
}

/** Returns the part of a photo that a warp reads, its edge pixels repeated outside the photo, and its origin. */
function windowOf(photo: Picture, back: Similarity, size: number, margin: number) {
  const corners = [0, size].flatMap((x) => [0, size].map((y) => back.apply({ x, y })));
  const xs = corners.map((corner) => corner.x);
  const ys = corners.map((corner) => corner.y);
  const left = Math.floor(Math.min(...xs)) - margin;
  const top = Math.floor(Math.min(...ys)) - margin;
  const width = Math.ceil(Math.max(...xs)) + margin - left;
  const height = Math.ceil(Math.max(...ys)) + margin - top;
  const from = new Uint32Array(photo.pixels.buffer, photo.pixels.byteOffset, photo.width * photo.height);
  const window = new Uint32Array(width * height);
  for (let row = 0; row < height; row++) {
    const line = clamped(top + row, photo.height) * photo.width;
    for (let column = 0; column < width; column++) {
      window[row * width + column] = from[line + clamped(left + column, photo.width)];
    }
  }
  return { window: { width, height, pixels: new Uint8ClampedArray(window.buffer) }, left, top };
}

function clamped(place: number, length: number): number {
  return Math.max(0, Math.min(length - 1, place));
}

/** Interpolates the sixteen pixels around a place (a = -1). */
function bicubic(picture: Picture, x: number, y: number, pixels: Uint8ClampedArray, index: number): void {
  const left = Math.floor(x - 0.5);
  const top = Math.floor(y - 0.5);
  const [dx, dy] = [x - 0.5 - left, y - 0.5 - top];
  const columns = [-1, 0, 1, 2].map((offset) => 4 * clamped(left + offset, picture.width));
  const lines = [-1, 0, 1, 2].map((offset) => 4 * clamped(top + offset, picture.height) * picture.width);
  for (let channel = 0; channel < 3; channel++) {
    const pixel = (line: number, i: number) => picture.pixels[line + columns[i] + channel];
    const row = (line: number) => cubic(pixel(line, 0), pixel(line, 1), pixel(line, 2), pixel(line, 3), dx);
    const value = cubic(row(lines[0]), row(lines[1]), row(lines[2]), row(lines[3]), dy);
    pixels[index + channel] = Math.max(0, Math.min(255, Math.trunc(value)));
  }
}

/** Interpolates the four pixels around a place, rounded down as Pillow does. */
function bilinear(picture: Picture, x: number, y: number, pixels: Uint8ClampedArray, index: number): void {
  const left = Math.floor(x - 0.5);
  const top = Math.floor(y - 0.5);
  const [dx, dy] = [x - 0.5 - left, y - 0.5 - top];
  const columns = [0, 1].map((offset) => 4 * clamped(left + offset, picture.width));
  const lines = [0, 1].map((offset) => 4 * clamped(top + offset, picture.height) * picture.width);
  for (let channel = 0; channel < 3; channel++) {
    const pixel = (line: number, i: number) => picture.pixels[line + columns[i] + channel];
    const row = (line: number) => pixel(line, 0) + dx * (pixel(line, 1) - pixel(line, 0));
    const upper = row(lines[0]);
    pixels[index + channel] = Math.trunc(upper + dy * (row(lines[1]) - upper));
  }
}

function cubic(v1: number, v2: number, v3: number, v4: number, d: number): number {
  const p2 = v3 - v1;
  const p3 = 2 * (v1 - v2) + v3 - v4;
  const p4 = v2 - v1 + v4 - v3;
  return v2 + d * (p2 + d * (p3 + d * p4));
}
