/** Makes characters of aligned faces in a browser, through the library `CharacterMaker`, and prints them as JSON.
 *
 *     node bench/characters.mjs PAGE FACES.json PROVIDER > characters.json
 *
 * PAGE is a folder of `f2p-deploy embed web`; FACES.json holds {"name": base64 of 8-bit RGB}; PROVIDER is wasm or webgpu.
 */

import { readFileSync } from "node:fs";
import { launch } from "./browser.mjs";
import { serve } from "./serve.mjs";

const [folder, facesFile, provider] = process.argv.slice(2);
const faces = JSON.parse(readFileSync(facesFile, "utf8"));
const server = await serve(folder, { isolated: true });
const browser = await launch({ webgpu: provider === "webgpu" });
try {
  const page = await browser.newPage();
  await page.goto(`${server.address}backend.json`);
  const made = {};
  const golden = await page.evaluate(async ([library, model, chosen]) => {
    const { CharacterMaker } = await import(library);
    globalThis.maker = await CharacterMaker.open(model, { provider: chosen });
    return globalThis.maker.check(chosen);
  }, [`${server.address}character-maker/character-maker.js`, `${server.address}model/`, provider]);
  for (const [name, rgb] of Object.entries(faces)) {
    made[name] = await page.evaluate(async (text) => {
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const edge = Math.sqrt(bytes.length / 3);
      const pixels = new Uint8ClampedArray(4 * edge * edge).fill(255);
      for (let i = 0; i < edge * edge; i++) for (let c = 0; c < 3; c++) pixels[4 * i + c] = bytes[3 * i + c];
      const picture = { width: edge, height: edge, pixels };
      const results = {};
      for (const mode of ["one-shot", "iterative", "hybrid"]) {
        const { parameters, losses } = await maker.generate({ picture }, { mode });
        const drawn = await maker.render(parameters);
        const rgb = Array.from({ length: 3 * edge * edge }, (_, i) => drawn.pixels[4 * Math.floor(i / 3) + (i % 3)]);
        let letters = "";
        for (const value of rgb) letters += String.fromCharCode(value);
        results[mode] = { values: [...parameters.values], losses, picture: btoa(letters) };
      }
      return results;
    }, rgb);
  }
  console.log(JSON.stringify({ browser: browser.version(), golden, characters: made }));
} finally {
  await browser.close();
  await server.close();
}
