/** The static page of `f2p-deploy embed web` in Chromium, with the demo bundle and without any stand-in. */

import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, hasChromium, launch } from "../bench/browser.mjs";
import { serve } from "../bench/serve.mjs";
import type { Contract } from "../src/networks/contract";

const folder = process.env["F2P_WEB_REFERENCE"] ?? "../build/web-reference";
const here = hasChromium && existsSync(`${folder}/page/index.html`);
const photo = (name: string) => `${folder}/photos/${name}`;

const withMediaPipe = existsSync(`${folder}/page-mediapipe`);

let browser: Browser;
let site: Awaited<ReturnType<typeof serve>>;
let mediaPipe: {
  readonly site: typeof site;
  readonly page: Page;
  readonly foreign: string[];
  readonly since: number;
  readonly made: Promise<boolean>;
};

describe.skipIf(!here)(`the static page in ${CHROMIUM} (make test-web writes it)`, { timeout: 150_000 }, () => {
  beforeAll(async () => {
    site = await serve(`${folder}/page`);
    browser = await launch({ args: ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"] });
    if (withMediaPipe) mediaPipe = await openMediaPipePage();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await mediaPipe?.site.close();
  });

  it("makes a character of a photo, and edits, locks, fits again, goes back, saves and reloads", async () => {
    const context = await browser.newContext();
    const page = await open(context);
    const average = await pictureOf(page);
    await choose(page, "photo.jpg");
    await page.getByText("Made in Hybrid mode, loss").waitFor();
    const made = await changed(page, average);
    await page.getByRole("tab", { name: "Nose" }).click();
    const slider = page.locator("input[type=range][id^='slider-nose']").first();
    const before = await slider.inputValue();
    await slider.fill("0.95");
    const moved = await changed(page, made);
    await page.getByRole("button", { name: /^Lock (?!all)/ }).first().click();
    await page.getByRole("button", { name: /^Fit again/ }).click();
    await page.locator(".busy").waitFor({ state: "detached" });
    expect(Number(await slider.inputValue())).toBeCloseTo(0.95);
    const saving = page.waitForEvent("download");
    await page.keyboard.press("Control+s");
    const saved = JSON.parse(readFileSync(await (await saving).path(), "utf8"));
    expect(saved.format).toBe("f2p-parameters");
    expect(saved.locked).toHaveLength(1);
    expect(saved.controllers[saved.locked[0]]).toBeCloseTo(0.95, 6);
    for (let i = 0; i < 3; i++) await page.keyboard.press("Control+z"); // fitting, lock, slider
    await expect.poll(() => slider.inputValue()).toBe(before);
    expect(await changed(page, moved)).toBe(made);
    await page.waitForTimeout(700);
    page.on("dialog", (dialog) => void dialog.accept());
    await page.reload();
    await page.getByText("Your work from before the reload is back.").waitFor();
    await expect.poll(() => pictureOf(page), { timeout: 20_000 }).toBe(made);
    await context.close();
  });

  it("asks nobody else for anything", async () => {
    const context = await browser.newContext();
    const foreign: string[] = [];
    context.on("request", (request) => {
      if (!request.url().startsWith(site.address)) foreign.push(request.url());
    });
    const refused: string[] = [];
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) refused.push(message.text());
    });
    await page.goto(site.address);
    await choose(page, "photo.jpg");
    await page.getByText("Made in Hybrid mode, loss").waitFor();
    expect(foreign).toEqual([]);
    expect(refused).toEqual([]);
    await context.close();
  });

  it("starts offline, makes a character there, and has a second tab", async () => {
    const context = await browser.newContext();
    const own = await serve(`${folder}/page`);
    const page = await open(context, own.address);
    // The service worker keeps the page, and IndexedDB every network, without a photo having been opened.
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await expect.poll(() => keptFiles(page), { timeout: 60_000 }).toBe(networkFiles());
    await own.close();
    await page.reload();
    await choose(page, "photo.jpg");
    await page.getByText("Made in Hybrid mode, loss").waitFor();
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    const second = await context.newPage();
    await second.goto(own.address);
    await choose(second, "photo.jpg");
    await second.getByText("Made in Hybrid mode, loss").waitFor();
    await context.close();
  });

  it("reads 20 megapixels, and says what is wrong with other files", async () => {
    const context = await browser.newContext();
    const page = await open(context);
    await choose(page, "large.jpg");
    await page.getByText("Made in Hybrid mode, loss").waitFor();
    await choose(page, "no-face.jpg");
    await page.getByText("No face was found in this photo").first().waitFor();
    await choose(page, "text.jpg");
    await page.getByText("This is not a picture that the browser can read").first().waitFor();
    await context.close();
  });

  it("says so if its networks cannot be loaded, and goes on once they can", async () => {
    const context = await browser.newContext({ serviceWorkers: "block" });
    const page = await context.newPage();
    await context.route("**/model/render.onnx", (route) => route.abort());
    await page.goto(site.address);
    await page.getByText("nothing is lost").waitFor();
    await context.unroute("**/model/render.onnx");
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator(".stage canvas").first().waitFor();
    await context.close();
  });

  it("says so if its script cannot be loaded, at once as a file and after a while elsewhere", async () => {
    const context = await browser.newContext({ serviceWorkers: "block", reducedMotion: "reduce" });
    const page = await context.newPage();
    await page.goto(pathToFileURL(resolve(`${folder}/page/index.html`)).href);
    expect(await page.getByText("The editor has not started").isVisible()).toBe(true);
    await context.route("**/assets/index-*.js", (route) => route.abort());
    await page.goto(site.address);
    expect(await page.getByText("The editor has not started").isVisible()).toBe(false);
    await page.getByText("The editor has not started").waitFor();
    await context.unroute("**/assets/index-*.js");
    await page.goto(site.address);
    await page.locator(".stage canvas").first().waitFor();
    expect(await page.getByText("The editor has not started").count()).toBe(0);
    await context.close();
  });

  it("gives other pages its library", async () => {
    const page = await browser.newPage();
    await page.goto(`${site.address}backend.json`);
    // As text: the tests' own builder would change an import.
    const made = await page.evaluate(`(async () => {
      const { CharacterMaker, toJson } = await import("${site.address}character-maker/character-maker.js");
      const maker = await CharacterMaker.open("${site.address}model/");
      const golden = await maker.check("wasm");
      const refused = await maker.align(new Blob(["no picture"])).catch((error) => error.kind);
      const width = maker.contract.imageSize;
      const face = { picture: { width, height: width, pixels: new Uint8ClampedArray(4 * width * width).fill(128) } };
      const { parameters } = await maker.generate(face, { mode: "one-shot" });
      const stop = new AbortController();
      const stopped = await maker
        .generate(face, { mode: "iterative", signal: stop.signal, onProgress: () => stop.abort() })
        .catch((error) => error.kind);
      maker.close();
      return { golden: golden.passed, refused, stopped, format: JSON.parse(toJson(parameters)).format };
    })()`);
    expect(made).toEqual({ golden: true, refused: "unreadable", stopped: "stopped", format: "f2p-parameters" });
    await page.close();
  });

  it.skipIf(!withMediaPipe)("finds faces by MediaPipe, which reports to nobody", async () => {
    expect(await mediaPipe.made).toBe(true);
    // Its library reports a minute after a detection; the page was opened before the other tests.
    await mediaPipe.page.waitForTimeout(Math.max(0, 75_000 - (Date.now() - mediaPipe.since)));
    expect(mediaPipe.foreign).toEqual([]);
  });
});

async function open(context: BrowserContext, address = site.address): Promise<Page> {
  const page = await context.newPage();
  await page.goto(address);
  await page.locator(".stage canvas").first().waitFor();
  return page;
}

/** Opens a page that finds faces by MediaPipe, with a photo. */
async function openMediaPipePage(): Promise<typeof mediaPipe> {
  const own = await serve(`${folder}/page-mediapipe`);
  const context = await browser.newContext({ serviceWorkers: "block" });
  const foreign: string[] = [];
  context.on("request", (request) => {
    if (!request.url().startsWith(own.address)) foreign.push(request.url());
  });
  const page = await open(context, own.address);
  await choose(page, "photo.jpg");
  // The page says so for a few seconds only, while other tests run.
  const said = page.getByText("Made in Hybrid mode, loss").waitFor();
  const made = said.then(() => true, () => false);
  return { site: own, page, foreign, since: Date.now(), made };
}

async function choose(page: Page, name: string): Promise<void> {
  await page.locator("section.photo input[type=file]").setInputFiles(photo(name));
}

/** Returns a digest of the picture that is shown. */
function pictureOf(page: Page): Promise<string> {
  return page
    .locator(".stage canvas")
    .last()
    .evaluate(async (canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
      return Array.from(digest, (byte) => byte.toString(16)).join("");
    });
}

/** Waits until another picture is shown and stays. */
async function changed(page: Page, before: string): Promise<string> {
  await expect.poll(() => pictureOf(page), { timeout: 20_000 }).not.toBe(before);
  let picture = await pictureOf(page);
  for (let same = 0; same < 3; ) {
    await page.waitForTimeout(250);
    const next = await pictureOf(page);
    same = next === picture ? same + 1 : 0;
    picture = next;
  }
  return picture;
}

/** Returns how many files the graphs and the face finder have. */
function networkFiles(): number {
  const { graphs, finder } = JSON.parse(readFileSync(`${folder}/page/model/contract.json`, "utf8")) as Contract;
  const files = Object.values(graphs).flatMap((graph) => [graph.file, ...graph.weights]);
  return new Set([...files, ...Object.values(finder)]).size;
}

/** Returns how many files of networks IndexedDB has. */
function keptFiles(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve, reject) => {
        const opening = indexedDB.open("f2p-deploy", 1);
        opening.onerror = () => reject(opening.error);
        opening.onsuccess = () => {
          const counting = opening.result.transaction("files").objectStore("files").count();
          counting.onsuccess = () => resolve(counting.result);
        };
      }),
  );
}
