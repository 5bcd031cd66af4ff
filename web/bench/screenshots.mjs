/** Takes the pictures of the editor for the documentation.
 *
 *     node bench/screenshots.mjs PAGE PHOTO ../docs
 */

import { launch } from "./browser.mjs";
import { serve } from "./serve.mjs";

const [folder, photo, out] = process.argv.slice(2);
const server = await serve(folder, { isolated: true });
const browser = await launch();
const shots = [
  ["editor", { viewport: { width: 1440, height: 900 } }, true],
  ["editor-dark", { viewport: { width: 1440, height: 900 }, colorScheme: "dark", locale: "de-DE" }, true],
  ["editor-phone", { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, locale: "ja-JP" }, false],
];
try {
  for (const [name, options, comparing] of shots) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    await page.goto(server.address);
    await page.locator("section.photo input[type=file]").setInputFiles(photo);
    await page.locator(".busy").waitFor();
    await page.locator(".busy").waitFor({ state: "detached", timeout: 60_000 });
    if (comparing) await page.locator(".stage-tools button").first().click();
    await page.waitForTimeout(8000); // the thumbnails
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.screenshot({ path: `${out}/${name}.png` });
    await context.close();
  }
} finally {
  await browser.close();
  await server.close();
}
