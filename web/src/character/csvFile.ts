import { CharacterError } from "../errors";
import { Parameters } from "./parameters";
import { shortest } from "./parameterFiles";
import type { Schema } from "./schema";

/** Returns a character as CSV: a row of names (`controller`, `group=option`) and a row of values. */
export function toCsv(parameters: Parameters): string {
  const names = parameters.schema.parameterNames.map((name) =>
    /[",\n]/.test(name) ? `"${name.replace(/"/g, '""')}"` : name,
  );
  return `${names.join(",")}\n${Array.from(parameters.values, shortest).join(",")}\n`;
}

/** Reads the first character of CSV as f2p-deploy writes it; the columns may come in any order.
 *
 * @throws CharacterError `invalid-input`: no such table, or an unknown, missing or wrong column.
 */
export function fromCsv(text: string, schema: Schema): Parameters {
  const [header, cells] = rows(text);
  const names = header?.map((name) => name.trim()) ?? [];
  if (!cells || names.length !== cells.length || names.length < 2) {
    throw new CharacterError(
      "invalid-input",
      "not a table of parameters: it needs a row of names and a row of values, separated by commas",
      {},
      "notParameters",
    );
  }
  const known = schema.parameterNames;
  const unknown = names.find((name, i) => !known.includes(name) || names.indexOf(name) !== i);
  if (unknown !== undefined) throw wrongColumn(unknown);
  const values = known.map((name) => {
    const cell = cells[names.indexOf(name)]?.trim();
    const value = Number(cell);
    if (!cell || !(value >= 0 && value <= 1)) throw wrongColumn(name);
    return value;
  });
  return new Parameters(schema, Float32Array.from(values));
}

/** Returns the rows of CSV that are not empty; cells may be quoted. */
function rows(text: string): string[][] {
  const found: string[][] = [[]];
  for (const [, quoted, plain, end] of text
    .replace(/^\ufeff/, "")
    .matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    found.at(-1)!.push(quoted?.replace(/""/g, '"') ?? plain);
    if (end !== ",") found.push([]);
  }
  return found.filter((row) => row.some((cell) => cell !== ""));
}

function wrongColumn(name: string): CharacterError {
  return new CharacterError(
    "invalid-input",
    `the column '${name}' is missing, unknown, given twice or not a number in [0, 1]`,
    { name },
    "wrongEntry",
  );
}
