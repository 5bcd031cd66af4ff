import { CharacterError } from "../errors";
import { Parameters } from "./parameters";
import type { Schema } from "./schema";

const FORMAT = "f2p-parameters";
const VERSION = 1;

/** Returns a character as `parameters.json`, byte for byte as f2p-deploy writes it. */
export function toJson(parameters: Parameters): string {
  const { schema, values } = parameters;
  const controllers = schema.controllers.map((c, i) => `    ${quoted(c.name)}: ${shortest(values[i])}`);
  const discrete = schema.parts.map(({ group, start, end }) => {
    return `    ${quoted(group.name)}: ${choice(parameters, group.name, values.subarray(start, end), group.options)}`;
  });
  const locked = [...parameters.locked].sort(byCodePoints).map((name) => `    ${quoted(name)}`);
  const entries = [
    `"format": ${quoted(FORMAT)}`,
    `"version": ${VERSION}`,
    `"schema": ${quoted(schema.name)}`,
    `"schema_fingerprint": ${quoted(schema.fingerprint)}`,
    `"controllers": ${block("{", controllers, "}")}`,
    `"discrete": ${block("{", discrete, "}")}`,
    `"locked": ${block("[", locked, "]")}`,
  ];
  return `{\n${entries.map((entry) => `  ${entry}`).join(",\n")}\n}\n`;
}

/** Reads a character from the text of a `parameters.json`, which may have been edited by hand.
 *
 * @throws CharacterError `invalid-input`: not such a file, another schema, or an unknown, missing or wrong entry.
 */
export function fromJson(text: string, schema: Schema): Parameters {
  const content = parsed(text);
  if (content["format"] !== FORMAT || content["version"] !== VERSION) {
    throw invalid(`not a parameter file of version ${VERSION}`, "notParameters");
  }
  const fingerprint = content["schema_fingerprint"] ?? schema.fingerprint;
  if (content["schema"] !== schema.name || fingerprint !== schema.fingerprint) {
    const found = String(content["schema"]);
    throw invalid(`written for schema '${found}' or another version of '${schema.name}'`, "otherSchema", {
      found,
      wanted: schema.name,
    });
  }
  const controllers = record(content["controllers"], "controllers");
  const discrete = record(content["discrete"] ?? {}, "discrete");
  const known = new Set([...schema.controllers, ...schema.discrete].map((part) => part.name));
  const unknown = [...Object.keys(controllers), ...Object.keys(discrete)].find((name) => !known.has(name));
  if (unknown !== undefined) throw wrongEntry(unknown, `no controller or discrete group named '${unknown}'`);
  const values = new Float32Array(schema.count);
  schema.controllers.forEach(({ name }, i) => (values[i] = number(controllers[name], name, schema)));
  for (const { group, start } of schema.parts) {
    const entry = discrete[group.name];
    if (entry === undefined) throw wrongEntry(group.name, `'${group.name}' of schema '${schema.name}' is missing`);
    const chosen = typeof entry === "string" ? { [entry]: 1 } : record(entry, group.name);
    for (const [option, value] of Object.entries(chosen)) {
      const place = group.options.indexOf(option);
      if (place < 0) throw wrongEntry(group.name, `no option of '${group.name}' named '${option}'`);
      values[start + place] = number(value, group.name, schema);
    }
  }
  const locked = content["locked"] ?? [];
  if (!Array.isArray(locked) || locked.some((name) => typeof name !== "string")) {
    throw wrongEntry("locked", "'locked' must be a list of names");
  }
  return new Parameters(schema, values, new Set(locked as string[]));
}

/** Returns the shortest decimal that reads back as the same float32, written as Python writes it. */
export function shortest(value: number): string {
  const wanted = Math.fround(value);
  for (let digits = 1; digits <= 9; digits++) {
    const tried = halfToEven(wanted, digits);
    if (Math.fround(tried) === wanted) return asPython(tried);
  }
  return asPython(wanted);
}

/** Rounds to a number of digits, a half to the even one, as Python does; JavaScript's own rounding goes up. */
function halfToEven(value: number, digits: number): number {
  const [mantissa, exponent] = Math.abs(value).toExponential(100).split("e");
  const all = mantissa.replace(".", "");
  if (!/^50*$/.test(all.slice(digits)) || Number(all[digits - 1]) % 2) return Number(value.toPrecision(digits));
  return Math.sign(value) * Number(`${all[0]}.${all.slice(1, digits)}e${exponent}`);
}

function asPython(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e16) return value.toFixed(1);
  const size = Math.abs(value);
  if (size >= 1e-4 && size < 1e16) return String(value);
  const [digits, exponent] = value.toExponential().split("e");
  const power = Math.abs(Number(exponent)).toString().padStart(2, "0");
  return `${digits}e${Number(exponent) < 0 ? "-" : "+"}${power}`;
}

function choice(parameters: Parameters, name: string, probabilities: Float32Array, options: readonly string[]): string {
  const oneHot = probabilities.filter((value) => value !== 0).length === 1 && Math.max(...probabilities) === 1;
  if (oneHot) return quoted(parameters.choice(name));
  const entries = options.map((option, i) => `      ${quoted(option)}: ${shortest(probabilities[i])}`);
  return `{\n${entries.join(",\n")}\n    }`;
}

function block(open: string, lines: string[], close: string): string {
  return lines.length ? `${open}\n${lines.join(",\n")}\n  ${close}` : open + close;
}

/** Returns JSON of a string as Python writes it; it escapes what JavaScript escapes, but lone surrogates. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

/** Compares strings by code points, as Python does; JavaScript's own order is that of UTF-16 units. */
function byCodePoints(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)].map((letters) => letters.map((letter) => letter.codePointAt(0)!));
  for (let i = 0; i < Math.min(left.length, right.length); i++) if (left[i] !== right[i]) return left[i] - right[i];
  return left.length - right.length;
}

function parsed(text: string): Record<string, unknown> {
  let content: unknown;
  try {
    content = JSON.parse(quotingNaN(text));
  } catch {
    throw invalid("not a parameter file: it is not JSON", "notParameters");
  }
  if (!isRecord(content)) throw invalid("not a parameter file: it is not an object with names", "notParameters");
  return content;
}

/** Returns JSON in which `NaN` and `Infinity`, which Python writes and JSON does not know, are strings, so that the
 * error names the slider. */
function quotingNaN(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (part) => (part[0] === '"' ? part : `"${part}"`));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function record(value: unknown, name: string): Record<string, unknown> {
  if (!isRecord(value)) throw wrongEntry(name, `'${name}' must be an object with names`);
  return value;
}

function number(value: unknown, name: string, schema: Schema): number {
  if (value === undefined) throw wrongEntry(name, `'${name}' of schema '${schema.name}' is missing`);
  if (typeof value !== "number" || !(value >= 0 && value <= 1)) {
    throw wrongEntry(name, `'${name}' must lie in [0, 1], found ${JSON.stringify(value)}`);
  }
  return value;
}

function wrongEntry(name: string, message: string): CharacterError {
  return invalid(message, "wrongEntry", { name });
}

function invalid(message: string, code: string, values: Record<string, string> = {}): CharacterError {
  return new CharacterError("invalid-input", message, values, code);
}
