import { CharacterError } from "../errors";

/** A picture: RGBA, 8 bits a channel, row by row from the top left corner; alpha is always 255. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** `4 * width * height` numbers. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

/** Returns the planes of a picture as the networks take them: all of red, of green, of blue, in [0, 1]. */
export function toPlanes(picture: Picture): Float32Array {
  const count = picture.width * picture.height;
  const planes = new Float32Array(3 * count);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0; i < count; i++) planes[channel * count + i] = Math.fround(picture.pixels[4 * i + channel] / 255);
  }
  return planes;
}

/** Returns the square picture of the planes that a network drew.
 *
 * @param planes - `3 * edge * edge` numbers in [0, 1].
 * @param edge - pixels in a row.
 */
export function fromPlanes(planes: Float32Array, edge: number): Picture {
  const count = edge * edge;
  const pixels = new Uint8ClampedArray(4 * count).fill(255);
  for (let channel = 0; channel < 3; channel++) {
    // A clamped array rounds half to even, as NumPy does.
    for (let i = 0; i < count; i++) pixels[4 * i + channel] = Math.fround(planes[channel * count + i] * 255);
  }
  return { width: edge, height: edge, pixels };
}

/** Returns a picture of RGB values, `3 * width * height` of them. */
export function fromRgb(rgb: Uint8Array, width: number, height: number): Picture {
  if (rgb.length !== 3 * width * height) {
    throw new CharacterError(
      "invalid-input",
      `a picture of ${width} x ${height} has ${3 * width * height} numbers, found ${rgb.length}`,
    );
  }
  const pixels = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0; i < width * height; i++) {
    for (let channel = 0; channel < 3; channel++) pixels[4 * i + channel] = rgb[3 * i + channel];
  }
  return { width, height, pixels };
}

/** Returns the mean of each square of pixels; those cut off at the right and lower edge are smaller. */
export function reduced(picture: Picture, factor: number): Picture {
  const width = Math.ceil(picture.width / factor);
  const height = Math.ceil(picture.height / factor);
  const pixels = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let row = 0; row < height; row++) {
    const lastRow = Math.min(picture.height, (row + 1) * factor);
    for (let column = 0; column < width; column++) {
      const lastColumn = Math.min(picture.width, (column + 1) * factor);
      const count = (lastRow - row * factor) * (lastColumn - column * factor);
      let red = count >> 1;
      let green = red;
      let blue = red;
      for (let y = row * factor; y < lastRow; y++) {
        for (let x = column * factor; x < lastColumn; x++) {
          const place = 4 * (y * picture.width + x);
          red += picture.pixels[place];
          green += picture.pixels[place + 1];
          blue += picture.pixels[place + 2];
        }
      }
      const place = 4 * (row * width + column);
      pixels[place] = Math.floor(red / count);
      pixels[place + 1] = Math.floor(green / count);
      pixels[place + 2] = Math.floor(blue / count);
    }
  }
  return { width, height, pixels };
}
