/** Compares the golden vectors of all graphs in a browser and prints the result as JSON.
 *
 *     node bench/golden.mjs PAGE PROVIDER
 *
 * PAGE is a folder of `f2p-deploy embed web`; PROVIDER is wasm or webgpu (Chromium's software adapter).
 */

import { launch } from "./browser.mjs";
import { serve } from "./serve.mjs";

const [folder, provider] = process.argv.slice(2);
const server = await serve(folder, { isolated: true });
const browser = await launch({ webgpu: provider === "webgpu" });
try {
  const page = await browser.newPage();
  await page.goto(`${server.address}backend.json`);
  const golden = await page.evaluate(async ([library, model, chosen]) => {
    const { CharacterMaker } = await import(library);
    const maker = await CharacterMaker.open(model, { provider: chosen });
    return maker.check(chosen);
  }, [`${server.address}character-maker/character-maker.js`, `${server.address}model/`, provider]);
  console.log(JSON.stringify({ browser: browser.version(), golden }));
} finally {
  await browser.close();
  await server.close();
}
