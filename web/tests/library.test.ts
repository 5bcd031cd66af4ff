/** The built library as a program of others sees it: its types. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";

const PROGRAM = `import { CharacterMaker, CharacterError, toJson } from "../../../f2p_deploy/embed/web_library/character-maker.js";
export async function make(photo: Blob, signal: AbortSignal): Promise<string> {
  const maker = await CharacterMaker.open("./model/", { onLoading: ({ loaded, total }) => console.log(loaded / total) });
  const face = await maker.align(photo).catch((error: unknown) => {
    console.log(error instanceof CharacterError ? error.kind : error);
    return null;
  });
  if (!face) return "";
  const { parameters } = await maker.generate(face, { mode: face.mode, signal });
  const { pixels } = await maker.render(parameters);
  return toJson(parameters) + pixels.length;
}
export const wrong = (maker: CharacterMaker): unknown =>
  // @ts-expect-error: there is no such call, so the type is not any
  maker.nothing();
`;

it.each([
  ["esnext", "bundler"],
  ["nodenext", "nodenext"],
])("gives its types to a page that imports character-maker.js, as %s by %s", { timeout: 60_000 }, (module, resolution) => {
  const folder = mkdtempSync(join(import.meta.dirname, "types-"));
  try {
    const file = join(folder, "program.ts");
    writeFileSync(file, PROGRAM);
    const options = ["--ignoreConfig", "--strict", "--noEmit", "--target", "es2022", "--module", module, "--moduleResolution", resolution];
    const tsc = resolve(import.meta.dirname, "../node_modules/typescript/bin/tsc");
    const { stdout, status } = spawnSync(process.execPath, [tsc, ...options, "--types", "", "--lib", "es2022,dom", file]);
    expect(String(stdout)).toBe("");
    expect(status).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
