/** Measures the static page, or the page of `f2p-deploy edit`, in Chromium, and prints the times as JSON.
 *
 *     node bench/speed.mjs PAGE PHOTO                 # a folder of `f2p-deploy embed web`
 *     node bench/speed.mjs http://127.0.0.1:PORT/?token=... PHOTO
 *
 * From slider to picture: a slider is set, and the time until the canvas shows another picture is taken in the page.
 * Making: from the press of the button until the new picture is shown.
 */

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { launch } from "./browser.mjs";
import { serve } from "./serve.mjs";

const [where, photo] = process.argv.slice(2);
const MOVES = 100;
const isAddress = where.startsWith("http");
const server = isAddress ? null : await serve(where, { isolated: true });
const address = isAddress ? where : server.address;
const browser = await launch();
try {
  const context = await browser.newContext({ viewport: { width: 1300, height: 900 } });
  const page = await context.newPage();
  const files = [];
  context.on("response", (response) => files.push(new URL(response.url()).pathname));
  const began = performance.now();
  await page.goto(address);
  await page.locator(".stage canvas").first().waitFor();
  await page.waitForFunction(watchStage);
  const firstPicture = performance.now() - began;
  const loaded = files.slice();
  await page.locator("section.photo input[type=file]").setInputFiles(photo);
  await page.getByText("Made in Hybrid mode, loss").waitFor({ timeout: 60_000 });
  await page.waitForTimeout(3000); // thumbnails, and networks that load in the background
  await page.getByRole("tab", { name: "Nose" }).click();
  await page.waitForTimeout(1000);
  const moves = await page.evaluate(moveSlider, MOVES);
  const making = [];
  for (const mode of ["hybrid", "hybrid", "hybrid", "one-shot", "iterative"]) {
    await page.locator(`input[name=mode] >> nth=${["hybrid", "one-shot", "iterative"].indexOf(mode)}`).check();
    making.push([mode, await page.evaluate(pressMake)]);
    await page.waitForTimeout(500);
  }
  moves.sort((a, b) => a - b);
  console.log(
    JSON.stringify({
      browser: browser.version(),
      first_picture_ms: Math.round(firstPicture),
      ...(server && bytes(loaded)),
      slider_to_picture_ms: { moves: moves.length, median: round(moves[MOVES >> 1]), p95: round(moves[Math.floor(MOVES * 0.95)]) },
      make_ms: making.map(([mode, ms]) => [mode, Math.round(ms)]),
    }),
  );
} finally {
  await browser.close();
  await server?.close();
}

function round(value) {
  return Math.round(value * 10) / 10;
}

/** Returns the bytes of the files that were loaded before the first picture, plain and as gzip would send them. */
function bytes(paths) {
  let [plain, gzipped] = [0, 0];
  for (const path of new Set(paths)) {
    const content = readFileSync(`${where}${path.endsWith("/") ? `${path}index.html` : path}`);
    plain += content.length;
    gzipped += gzipSync(content).length;
  }
  return { bytes_before_first_picture: plain, gzipped };
}

/** In the page: returns whether the stage shows more than an empty canvas. */
function watchStage() {
  const canvas = document.querySelector(".stage canvas");
  return canvas?.width > 1 && canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((v) => v > 0);
}

/** In the page: moves a slider many times; returns milliseconds from the input to another picture on the canvas. */
async function moveSlider(count) {
  const slider = document.querySelector("input[type=range][id^='slider-nose']");
  const times = [];
  for (let i = 0; i < count; i++) {
    const drawn = new Promise((resolve) => {
      const put = CanvasRenderingContext2D.prototype.putImageData;
      CanvasRenderingContext2D.prototype.putImageData = function (...args) {
        put.apply(this, args);
        if (!this.canvas.closest(".stage")) return;
        CanvasRenderingContext2D.prototype.putImageData = put;
        resolve(performance.now());
      };
    });
    const began = performance.now();
    slider.value = String(0.2 + (0.6 * ((i * 37) % count)) / count);
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    times.push((await drawn) - began);
    slider.dispatchEvent(new Event("change", { bubbles: true }));
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  return times;
}

/** In the page: presses "Make the character"; returns milliseconds until another picture is on the canvas. */
async function pressMake() {
  const button = [...document.querySelectorAll("section.photo button.primary")].at(-1);
  const drawn = new Promise((resolve) => {
    const put = CanvasRenderingContext2D.prototype.putImageData;
    CanvasRenderingContext2D.prototype.putImageData = function (...args) {
      put.apply(this, args);
      if (!this.canvas.closest(".stage")) return;
      CanvasRenderingContext2D.prototype.putImageData = put;
      resolve(performance.now());
    };
  });
  const began = performance.now();
  button.click();
  return (await drawn) - began;
}
