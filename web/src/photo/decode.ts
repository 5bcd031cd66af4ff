import { CharacterError } from "../errors";
import type { Picture } from "./picture";

/** Smallest edge of a photo in pixels; in a smaller photo no face is large enough. */
const SMALLEST_EDGE = 64;

/** Largest number of pixels that are kept; larger photos are reduced. Some browsers have no larger canvas. */
const MOST_PIXELS = 16_000_000;

/** Reads a photo in any format that the browser knows, upright and in sRGB; transparency becomes white.
 *
 * @throws CharacterError `unreadable` or `too-small`.
 */
export async function decodePhoto(photo: Blob): Promise<Picture> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(photo);
  } catch {
    throw new CharacterError(
      "unreadable",
      "this is not a picture that the browser can read; save it as JPEG first",
      {},
      "unreadable",
    );
  }
  const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (bitmap.width * bitmap.height)));
  const [width, height] = [bitmap.width, bitmap.height].map((edge) => Math.max(1, Math.round(edge * scale)));
  if (Math.min(width, height) < SMALLEST_EDGE) {
    bitmap.close();
    throw new CharacterError(
      "too-small",
      `${width} x ${height} pixels are too few; a photo needs at least ${SMALLEST_EDGE} on each edge`,
      { width, height, needed: SMALLEST_EDGE },
      "fewPixels",
    );
  }
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (!context) throw new CharacterError("unreadable", "the browser gives no canvas of this size", {}, "unreadable");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  return { width, height, pixels: data };
}
