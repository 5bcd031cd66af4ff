/** The page in Chromium, with the fake backend: accessibility, and a whole visit by keyboard alone. */

import { existsSync, readFileSync } from "node:fs";
import axe from "axe-core";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toJson } from "../src/character/parameterFiles";
import { Parameters } from "../src/character/parameters";
import { schema } from "./page/fakeBackend";
import { serve } from "./page/serve";

const average = new Parameters(schema, schema.average());

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const here = existsSync(executablePath);
const PHOTO = { name: "anna.jpg", mimeType: "image/jpeg", buffer: Buffer.from("a photo") };

let browser: Browser;
let site: { address: string; close: () => void };

describe.skipIf(!here)(`the page in ${executablePath} (CHROMIUM names another browser)`, { timeout: 60_000 }, () => {
  beforeAll(async () => {
    await build({ configFile: "tests/page/vite.config.ts", logLevel: "error" });
    site = await serve("node_modules/.page");
    browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    site?.close();
  });

  const kinds: readonly [string, BrowserContextOptions][] = [
    ["light", { viewport: { width: 1440, height: 900 } }],
    ["dark", { viewport: { width: 1440, height: 900 }, colorScheme: "dark" }],
    ["on a tablet", { viewport: { width: 900, height: 1100 } }],
    ["on a phone", { viewport: { width: 360, height: 740 } }],
    ["on a phone in German and dark", { viewport: { width: 320, height: 640 }, locale: "de-DE", colorScheme: "dark" }],
  ];

  it.each(kinds)("breaks no rule of accessibility, %s", async (_name, options) => {
    const page = await open("?warn&server", options);
    await check(page, "without a photo");
    await choosePhoto(page);
    await page.locator("[role=tab]").nth(2).click();
    await page.locator(".lock").nth(3).click();
    await page.locator("input[type=range]").nth(1).fill("0.9");
    await check(page, "with a photo");
    await page.locator(".stage-tools button").first().click();
    await page.locator("input[type=search]").fill("si");
    await check(page, "comparing and finding");
    await page.locator(".photo .row >> nth=1").getByRole("button").last().click();
    await page.locator(".choices .primary:not([aria-disabled])").nth(2).waitFor();
    await check(page, "all modes");
    await page.close();
  });

  it("breaks no rule of accessibility on the contact sheet, in windows and with an error", async () => {
    const sheet = await open("?sheet&server", {});
    await check(sheet, "the contact sheet");
    await sheet.getByRole("button", { name: "Keyboard" }).click();
    await check(sheet, "the keys");
    await sheet.close();
    const failing = await open("?fail=unreachable", {});
    await failing.locator("section.photo input[type=file]").setInputFiles(PHOTO);
    await failing.getByRole("button", { name: "Try again" }).waitFor();
    await check(failing, "an error");
    await failing.close();
    const closed = await open("?closed", {});
    await closed.getByRole("button", { name: "Try again" }).waitFor();
    await check(closed, "a page that cannot be opened");
    await closed.close();
  });

  it("fits at a zoom of 400 %: nothing is beyond the edge, and keys stand beside what they do", async () => {
    const page = await open("?sheet&server", { viewport: { width: 320, height: 256 } });
    await page.getByRole("button", { name: "Keyboard" }).click();
    const rows = await page.locator(".keys div").evaluateAll((all) =>
      all.map((row) => {
        const keys = [...row.querySelectorAll("kbd")].map((key) => key.getBoundingClientRect().right);
        return row.querySelector("dd")!.getBoundingClientRect().left - Math.max(...keys);
      }),
    );
    expect(Math.min(...rows)).toBeGreaterThan(0);
    await page.keyboard.press("Escape");
    for (const view of ["sheet", "editor"]) {
      if (view === "editor") await page.locator("[data-place='0']").press("e");
      await page.locator(`main.${view}`).waitFor();
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    }
    await page.close();
  });

  it("is used by keyboard alone: photo, slider, lock, undo, fit again, save", async () => {
    const page = await open("", {});
    const chooser = page.waitForEvent("filechooser");
    await tabTo(page, "Choose a photo");
    await page.keyboard.press("Enter");
    await (await chooser).setFiles(PHOTO);
    await page.getByText("Made in Hybrid mode, loss").waitFor();
    await tabTo(page, "Options");
    for (let i = 0; i < 2; i++) await page.keyboard.press("ArrowRight");
    expect(await page.locator(":focus").getAttribute("aria-selected")).toBe("true");
    await tabTo(page, "Size");
    const slider = page.locator("[id='slider-eyes.size']");
    const before = await slider.inputValue();
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
    expect(Number(await slider.inputValue())).toBeCloseTo(Number(before) + 0.015);
    await tabTo(page, "Lock Size");
    await page.keyboard.press("Space");
    expect(await page.locator(":focus").getAttribute("aria-pressed")).toBe("true");
    await page.keyboard.press("Control+z");
    expect(await page.locator(":focus").getAttribute("aria-pressed")).toBe("false");
    await page.keyboard.press("Control+Shift+z");
    expect(await page.locator(":focus").getAttribute("aria-pressed")).toBe("true");
    const moved = await slider.inputValue();
    await tabTo(page, "Fit again, keep locked (1)", true);
    await page.keyboard.press("Enter");
    await page.locator(".busy").waitFor({ state: "detached" });
    expect(await slider.inputValue()).toBe(moved);
    const saving = page.waitForEvent("download");
    await page.keyboard.press("Control+s");
    const saved = JSON.parse(readFileSync(await (await saving).path(), "utf8"));
    expect(saved.locked).toEqual(["eyes.size"]);
    expect(saved.discrete.hair).toBe("long01");
    expect(await page.getByText("Not saved").count()).toBe(0);
    await page.close();
  });

  it("goes back one drag at a time, and resets a slider by a key", async () => {
    const page = await open("", {});
    await page.getByRole("tab", { name: "Nose" }).click();
    const slider = page.locator("[id='slider-nose.width']");
    const place = (await slider.boundingBox())!;
    await page.mouse.move(place.x + place.width / 2, place.y + place.height / 2);
    await page.mouse.down();
    for (let i = 1; i < 8; i++) await page.mouse.move(place.x + place.width / 2 + 5 * i, place.y + 10);
    await page.mouse.up();
    expect(Number(await slider.inputValue())).toBeGreaterThan(0.6);
    await page.keyboard.press("Home");
    expect(await slider.inputValue()).toBe("0.5");
    await page.keyboard.press("Control+z");
    expect(Number(await slider.inputValue())).toBeGreaterThan(0.6);
    await page.keyboard.press("Control+z");
    expect(await slider.inputValue()).toBe("0.5");
    expect(await page.getByRole("button", { name: "Undo", exact: true }).getAttribute("aria-disabled")).toBe("true");
    await page.close();
  });

  it("takes numbers in the engine's units, and keeps them in range", async () => {
    const page = await open("", {});
    await page.getByRole("tab", { name: "Nose" }).click();
    const number = page.getByLabel("Width, value");
    await number.fill("0.42");
    await number.press("Enter");
    expect(Number(await page.locator("[id='slider-nose.width']").inputValue())).toBeCloseTo(0.75);
    await number.fill("99");
    await number.blur();
    expect(await number.inputValue()).toBe("0.84");
    await page.close();
  });

  it("brings the work back after a reload, and asks before unsaved work is left", async () => {
    const page = await open("", {});
    await choosePhoto(page);
    await page.getByRole("tab", { name: "Nose" }).click();
    await page.locator("[id='slider-nose.width']").fill("0.9");
    await page.waitForTimeout(700);
    const asked = page.waitForEvent("dialog");
    const reloading = page.reload();
    const dialog = await asked;
    expect(dialog.type()).toBe("beforeunload");
    await dialog.accept();
    await reloading;
    await page.getByText("Your work from before the reload is back.").waitFor();
    await page.getByRole("tab", { name: "Nose" }).click();
    expect(await page.locator("[id='slider-nose.width']").inputValue()).toBe("0.9");
    await page.getByText("anna.jpg").waitFor();
    await page.close();
  });

  it("opens characters that are dropped or pasted, and says what is wrong with others", async () => {
    const page = await open("", {});
    const table = [schema.parameterNames.join(","), [...average.withChoice("hair", "bald").values].join(",")].join(
      "\n",
    );
    await give(page, "drop", [{ name: "bald.csv", text: table }]);
    await page.getByText("bald", { exact: true }).waitFor();
    expect(await page.getByRole("radio", { name: "Bald" }).isChecked()).toBe(true);
    await give(page, "paste", [], toJson(average.withChoice("hair", "long01")));
    await page.getByRole("radio", { name: "Long01" }).and(page.locator(":checked")).waitFor();
    await give(page, "drop", [{ name: "other.json", text: toJson(average).replace("shapes", "horses") }]);
    await page.getByText("This file belongs to another kind of character: horses instead of shapes.").waitFor();
    await give(page, "paste", [], "a sentence");
    await page.getByText("There is no photo and no character in what was pasted or dropped.").waitFor();
    expect(await page.getByRole("radio", { name: "Long01" }).isChecked()).toBe(true);
    await give(page, "drop", [{ name: "anna.png", text: "a photo" }]);
    await page.getByText("anna.png", { exact: true }).waitFor();
    await page.close();
  });

  it("loses nothing when the server has gone, and tries again", async () => {
    const page = await open("?server", {});
    await page.evaluate(() => (document.documentElement.dataset["gone"] = ""));
    await page.getByRole("tab", { name: "Nose" }).click();
    await page.locator("[id='slider-nose.width']").fill("0.9");
    await page.getByText("The server of this page does not answer").waitFor();
    await page.evaluate(() => delete document.documentElement.dataset["gone"]);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.getByText("Drawn.").waitFor({ state: "attached" });
    expect(await page.locator("[id='slider-nose.width']").inputValue()).toBe("0.9");
    expect(await page.locator(".notice").count()).toBe(0);
    await page.close();
  });

  it("stops long work", async () => {
    const page = await open("?slow", {});
    await page.locator("section.photo input[type=file]").setInputFiles(PHOTO);
    await page.getByText("Step 1 of 10").waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await page.getByText("Stopped.").waitFor();
    expect(await page.getByRole("button", { name: "Undo", exact: true }).count()).toBe(1);
    await page.close();
  });

  it("goes through the contact sheet by keys, and asks about what is not saved", async () => {
    const page = await open("?sheet&server", {});
    await page.locator("button[aria-label='Edit character-01']:focus").waitFor(); // the keys work at once
    await page.keyboard.press("j");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("k");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Shift+K");
    await page.getByText("12 characters: 2 kept, 1 changed, 9 to look at").waitFor();
    expect(await page.locator(":focus").getAttribute("aria-label")).toBe("Edit character-05");
    await page.keyboard.press("e");
    await page.getByRole("button", { name: "Mirror" }).waitFor();
    await page.getByRole("button", { name: "Random" }).click();
    await page.getByRole("button", { name: "Contact sheet" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("12 characters: 2 kept, 2 changed, 8 to look at").waitFor();
    await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "Edit character-05");
    await page.close();
  });

  it("warns after a reload if the file was changed meanwhile", async () => {
    const page = await open("?sheet&server", {});
    await page.getByRole("button", { name: "Edit character-02" }).click();
    await page.getByRole("button", { name: "Random" }).click();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("Saved: parameters.json").waitFor();
    await page.waitForTimeout(700);
    // The fake backend gives the entry as it was before it was saved.
    await page.reload();
    await page.getByRole("dialog", { name: "The file was changed" }).waitFor();
    await page.getByRole("button", { name: "Save over it" }).click();
    await page.getByText("Saved: parameters.json").waitFor();
    expect(await page.getByRole("dialog").count()).toBe(0);
    await page.close();
  });

  it("shows the start as long as its button is held", async () => {
    const page = await open("", {});
    await page.getByRole("button", { name: "Mirror" }).waitFor();
    await page.getByRole("button", { name: "Random" }).click();
    await tabTo(page, "Hold: start", true);
    await page.keyboard.down("Space");
    await page.getByRole("img", { name: "The character at the start" }).waitFor();
    await page.keyboard.up("Space");
    await page.getByRole("img", { name: "The character now" }).waitFor();
    await page.close();
  });

  it("asks nothing of another address, and breaks no rule of its Content-Security-Policy", async () => {
    const page = await browser.newPage();
    const asked: string[] = [];
    const refused: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    page.on("console", (message) => /Content.Security.Policy/i.test(message.text()) && refused.push(message.text()));
    await page.goto(`${site.address}?server&warn`);
    await choosePhoto(page);
    await page.getByRole("button", { name: "Compare all modes" }).click();
    await page.getByRole("button", { name: "Take Iterative" }).click();
    await page.waitForFunction(() => document.activeElement?.textContent === "Compare all modes");
    expect(asked.filter((address) => !address.startsWith(site.address))).toEqual([]);
    expect(refused).toEqual([]);
    await page.close();
  });
});

async function open(address: string, options: BrowserContextOptions): Promise<Page> {
  const page = await browser.newPage({ reducedMotion: "reduce", ...options });
  await page.goto(site.address + address);
  await page.locator("main.editor, main.sheet, [role=alert]").first().waitFor();
  return page;
}

/** Drops or pastes files or a text on the page. */
async function give(
  page: Page,
  how: "drop" | "paste",
  files: { name: string; text: string }[],
  text = "",
): Promise<void> {
  await page.evaluate(
    ([kind, given, plain]) => {
      const transfer = new DataTransfer();
      for (const file of given) transfer.items.add(new File([file.text], file.name));
      if (plain) transfer.setData("text/plain", plain);
      const init = { bubbles: true, cancelable: true };
      const event =
        kind === "drop"
          ? new DragEvent("drop", { ...init, dataTransfer: transfer })
          : new ClipboardEvent("paste", { ...init, clipboardData: transfer });
      document.body.dispatchEvent(event);
    },
    [how, files, text] as const,
  );
}

async function choosePhoto(page: Page): Promise<void> {
  await page.locator("section.photo input[type=file]").setInputFiles(PHOTO);
  await page.locator(".modes").waitFor();
  await page.locator(".busy").waitFor({ state: "detached" });
}

/** Presses the tab key until the focus is on what has this name. */
async function tabTo(page: Page, name: string, backwards = false): Promise<void> {
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press(backwards ? "Shift+Tab" : "Tab");
    const focused = await page.evaluate(() => {
      const element = document.activeElement as HTMLInputElement | null;
      return element?.getAttribute("aria-label") ?? (element?.labels?.[0] ?? element)?.textContent ?? "";
    });
    if (focused.trim() === name) return;
  }
  throw new Error(`the tab key does not reach '${name}'`);
}

/** Expects no violation of WCAG 2.2 AA, and nothing wider than the page. */
async function check(page: Page, what: string): Promise<void> {
  await page.evaluate(axe.source);
  // Sliders that are scrolled half below the picture are no targets there.
  await page.evaluate(() => scrollTo(0, 0));
  const found = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import("axe-core") };
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await axe.run(document, { runOnly: tags });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
  });
  expect(found, what).toEqual([]);
  const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  expect(wide, what).toBeLessThanOrEqual(seen);
}
