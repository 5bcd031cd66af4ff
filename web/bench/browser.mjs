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

/** Launches the browser.
 *
 * @param {{ webgpu?: boolean, args?: string[] }} options
 */
export function launch({ webgpu = false, args = [] } = {}) {
  // The sandbox needs rights that containers and root accounts do not have.
  return chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", ...(webgpu ? WEBGPU : []), ...args] });
}
