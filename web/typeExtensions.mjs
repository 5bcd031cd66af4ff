/** Gives the imports of the library's types their extension, which "moduleResolution": "nodenext" wants. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = "../f2p_deploy/embed/web_library/types";
for (const name of readdirSync(folder, { recursive: true })) {
  if (!name.endsWith(".d.ts")) continue;
  const file = join(folder, name);
  writeFileSync(file, readFileSync(file, "utf8").replace(/(from "|import\(")(\.[^"]*?)(?:\.js)?"/g, '$1$2.js"'));
}
