/** The page of `f2p-deploy edit` in Chromium: a folder is reviewed, and other pages stay out. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, hasChromium, launch } from "../bench/browser.mjs";
import { serve } from "../bench/serve.mjs";

const python = process.env["F2P_PYTHON"] ?? "../.venv/bin/python";
const installed = spawnSync(python, ["-c", "import f2p_deploy, starlette, uvicorn"]).status === 0;

/** A running `f2p-deploy edit`: its address, and its exit code and messages once it has ended. */
interface Editor {
  readonly address: string;
  readonly process: ChildProcess;
  readonly ended: Promise<{ code: number | null; messages: string }>;
}

async function edit(...words: string[]): Promise<Editor> {
  const options = ["--no-browser", "--runtime", "onnxruntime", "--offline"];
  const process = spawn(python, ["-m", "f2p_deploy", "edit", ...options, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  let messages = "";
  process.stderr.on("data", (text) => (messages += String(text)));
  const ended = new Promise<{ code: number | null; messages: string }>((resolve) =>
    process.on("close", (code) => resolve({ code, messages })),
  );
  const address = await new Promise<string>((resolve) => process.stdout.once("data", (text) => resolve(String(text).trim())));
  return { address, process, ended };
}

describe.skipIf(!hasChromium || !installed)(`the page of edit in ${CHROMIUM}`, { timeout: 120_000 }, () => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    browser = await launch();
    folder = mkdtempSync(join(tmpdir(), "f2p-edit-"));
    for (const name of ["anna", "ben"]) mkdirSync(join(folder, name));
    const file = join(folder, "anna", "parameters.json");
    const write = "import sys; from f2p_deploy.character.parameters import average; from f2p_deploy.character.schema import "
      + "load_schema; from f2p_deploy.character.parameter_files import write_parameters; "
      + "write_parameters(sys.argv[1], average(load_schema('makehuman')))";
    expect(spawnSync(python, ["-c", write, file]).status).toBe(0);
    copyFileSync(file, join(folder, "ben", "parameters.json"));
  }, 60_000);

  afterAll(() => browser?.close());

  it("goes through a folder: keep, edit, save; the command ends with the page", async () => {
    const editor = await edit(folder);
    const context = await browser.newContext();
    const page = await context.newPage();
    const foreign: string[] = [];
    context.on("request", (request) => {
      if (!request.url().startsWith(new URL(editor.address).origin)) foreign.push(request.url());
    });
    await page.goto(editor.address);
    await page.locator("[data-place='0']").focus();
    expect(page.url()).not.toContain("token");
    await page.keyboard.press("Shift+K");
    await page.getByText("1 kept").waitFor();
    await page.locator("[data-place='1']").focus();
    await page.keyboard.press("e");
    await page.getByRole("tab", { name: "Nose" }).click();
    await page.locator("input[type=range][id^='slider-nose']").first().fill("0.95");
    const saved = page.waitForResponse((response) => response.url().endsWith("/api/save"));
    await page.keyboard.press("Control+s");
    expect((await saved).status()).toBe(200);
    const nose = Object.entries(JSON.parse(readFileSync(join(folder, "ben", "parameters.json"), "utf8")).controllers);
    expect(nose.filter(([name, value]) => name.startsWith("nose") && value === 0.95)).toHaveLength(1);
    const review = JSON.parse(readFileSync(join(folder, "review.json"), "utf8"));
    expect([review.entries.anna.state, review.entries.ben.state]).toEqual(["kept", "changed"]);
    expect(foreign).toEqual([]);
    await context.close();
    const { code, messages } = await editor.ended;
    expect(code).toBe(0);
    expect(messages).toContain(`saved: ${join(folder, "ben", "parameters.json")}`);
  });

  it("shows a folder in which one file is damaged, and no error in the console", async () => {
    const damaged = mkdtempSync(join(tmpdir(), "f2p-damaged-"));
    for (const name of ["anna", "ben"]) {
      mkdirSync(join(damaged, name));
      copyFileSync(join(folder, "anna", "parameters.json"), join(damaged, name, "parameters.json"));
    }
    writeFileSync(join(damaged, "anna", "parameters.json"), "[]");
    const editor = await edit("--stay", damaged);
    const context = await browser.newContext({ locale: "de-DE" });
    const page = await context.newPage();
    const failed: string[] = [];
    page.on("response", (response) => {
      if (response.status() >= 400) failed.push(new URL(response.url()).pathname);
    });
    page.on("console", (message) => {
      if (message.text().includes("favicon")) failed.push(message.text());
    });
    await page.goto(editor.address);
    await page.getByText("Das ist keine Parameterdatei, die f2p-deploy geschrieben hat.").waitFor();
    await page.locator("[data-place='1'] canvas:not(.empty)").waitFor();
    expect(failed).toEqual(["/api/thumbnail/anna"]);
    expect((await page.locator("[role=alert]").allTextContents()).join("")).toBe("");
    await context.close();
    editor.process.kill("SIGINT");
    await editor.ended;
  });

  it("lets no other page in, and opens a second tab", async () => {
    const editor = await edit("--stay");
    const another = mkdtempSync(join(tmpdir(), "f2p-site-"));
    writeFileSync(join(another, "index.html"), "<title>another site</title>");
    const site = await serve(another);
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(editor.address);
    await page.locator(".stage canvas").first().waitFor();
    const origin = new URL(editor.address).origin;
    const second = await context.newPage();
    await second.goto(`${origin}/`);
    await second.locator(".stage canvas").first().waitFor();
    expect((await (await browser.newContext()).request.get(editor.address)).status()).toBe(403);

    const other = await context.newPage();
    await other.goto(site.address);
    expect(await other.evaluate(() => self.origin)).toBe(new URL(site.address).origin);
    let asked = 0;
    const answered: number[] = [];
    other.on("request", (request) => (asked += Number(request.url().startsWith(origin))));
    other.on("response", (response) => {
      if (response.url().startsWith(origin)) answered.push(response.status());
    });
    const read = await other.evaluate(async (at) => {
      const answers = [];
      for (const init of [{}, { mode: "no-cors" }, { method: "POST", body: "{}" }, { method: "POST", mode: "no-cors", body: "{}" }]) {
        const answer = fetch(`${at}/api/kept`, { credentials: "include", ...init } as RequestInit);
        answers.push(await answer.then((answer) => answer.text()).catch(() => ""));
      }
      return answers;
    }, origin);
    expect(read.join("")).toBe("");
    expect(asked).toBe(4);
    expect(answered.filter((status) => status !== 403)).toEqual([]);
    await context.close();
    await site.close();
    editor.process.kill("SIGINT");
    expect((await editor.ended).code).toBe(130);
  });
});
