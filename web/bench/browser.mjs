/** Starts Debian's Chromium, with a software adapter for WebGPU where it is asked for. */

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

/** The browser's program: the variable CHROMIUM, or Debian's. */
export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

export const hasChromium = existsSync(CHROMIUM);

const WEBGPU = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
];

/** Milliseconds that a page may take for anything: a search takes a second, on a busy machine a minute. */
const PATIENCE = 90_000;

/** Launches the browser.
 *
 * @param {{ webgpu?: boolean, args?: string[] }} options
 */
export async function launch({ webgpu = false, args = [] } = {}) {
  // The sandbox needs rights that containers and root accounts do not have.
  const options = { executablePath: CHROMIUM, args: ["--no-sandbox", ...(webgpu ? WEBGPU : []), ...args] };
  const browser = await chromium.launch(options);
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (...words) => {
    const context = await newContext(...words);
    context.setDefaultTimeout(PATIENCE);
    return context;
  };
  return browser;
}
