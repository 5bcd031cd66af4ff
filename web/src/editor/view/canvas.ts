import type { Picture } from "../../photo/picture";

/** Paints a picture on a canvas, in the picture's size. */
export function paint(canvas: HTMLCanvasElement, picture: Picture): void {
  if (canvas.width !== picture.width) canvas.width = picture.width;
  if (canvas.height !== picture.height) canvas.height = picture.height;
  canvas.getContext("2d")?.putImageData(new ImageData(picture.pixels, picture.width, picture.height), 0, 0);
}

/** Returns a new canvas with a picture. */
export function toCanvas(picture: Picture): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  paint(canvas, picture);
  return canvas;
}
