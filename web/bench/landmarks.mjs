/** Finds the faces of photos in a browser, through the library `CharacterMaker`, and prints their points as JSON.
 *
 *     node bench/landmarks.mjs PAGE PHOTO...
 */

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { launch } from "./browser.mjs";
import { serve } from "./serve.mjs";

const [folder, ...photos] = process.argv.slice(2);
const server = await serve(folder, { isolated: true });
const browser = await launch();
try {
  const page = await browser.newPage();
  await page.goto(`${server.address}backend.json`);
  await page.evaluate(async ([library, model]) => {
    const { CharacterMaker } = await import(library);
    globalThis.maker = await CharacterMaker.open(model);
  }, [`${server.address}character-maker/character-maker.js`, `${server.address}model/`]);
  const found = {};
  for (const photo of photos) {
    found[basename(photo)] = await page.evaluate(async (text) => {
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      try {
        const began = performance.now();
        const face = await maker.align(new Blob([bytes]));
        const ms = performance.now() - began;
        const { parameters } = await maker.generate(face, { mode: "hybrid" });
        const { leftEye, rightEye, noseTip, mouthLeft, mouthRight } = face.landmarks;
        const points = [leftEye, rightEye, noseTip, mouthLeft, mouthRight].map(({ x, y }) => [x, y]);
        return { points, faces: face.faces, mode: face.mode, ms, values: [...parameters.values] };
      } catch (error) {
        return { error: error.kind ?? String(error) };
      }
    }, readFileSync(photo).toString("base64"));
  }
  console.log(JSON.stringify({ browser: browser.version(), found }));
} finally {
  await browser.close();
  await server.close();
}
