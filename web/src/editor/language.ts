import { CharacterError } from "../errors";
import type { Mode } from "../networks/contract";
import type { Warning } from "../photo/alignment";
import { words } from "./names";
import { texts, type Language, type TextName } from "./texts";

/** Values that stand in the place of a text's `{names}`. */
export type Values = Readonly<Record<string, string | number>>;

/** Returns a text in the page's language. */
export type Say = (name: TextName, values?: Values) => string;

/** Returns the first language of a visitor that the page has, or English. */
export function languageOf(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const primary = tag.toLowerCase().split("-")[0];
    const found = (Object.keys(texts) as Language[]).find((language) => language.split("-")[0] === primary);
    if (found) return found;
  }
  return "en";
}

/** Returns what puts texts into words of a language. */
export function sayIn(language: Language): Say {
  return (name, values = {}) => filled(texts[language][name], values);
}

/** Returns a text with its values; a name without a value stays as it is. */
export function filled(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Returns the sentence about an error: in the page's language if it has one, else the error's own.
 *
 * @param named - whether it begins with the file that the error is about, if it is about one.
 */
export function sentenceOf(error: unknown, say: Say, named = true): string {
  if (!(error instanceof CharacterError)) return say("error.unknown", { reason: String(error) });
  if (error.kind === "stopped") return say("stopped");
  const name = `error.${error.code}`;
  if (!isText(name)) return sentence(error.message);
  const { file } = error.values;
  return file === undefined || !named ? say(name, error.values) : `${file}: ${say(name, error.values)}`;
}

/** Returns the sentence about a warning, as `sentenceOf` does. */
export function warningText(warning: Warning, say: Say): string {
  const name = `warning.${warning.code}`;
  return isText(name) ? say(name, warning.values) : sentence(warning.message);
}

/** Returns the name of a part of the face: translated if the page knows it, else as words. */
export function partName(part: string, say: Say): string {
  const name = `part.${part}`;
  return isText(name) ? say(name) : words(part);
}

/** Returns the name of a mode. */
export function modeName(mode: Mode, say: Say): string {
  return say(mode === "one-shot" ? "oneShot" : mode);
}

/** Returns the name of an engine; a studio's own name stays as it is. */
export function engineName(engine: string, say: Say): string {
  return engine === "the reference engine" ? say("referenceEngine") : engine;
}

/** Returns a loss as people read it. */
export function lossText(losses: readonly number[], language: Language): string {
  return new Intl.NumberFormat(language, { maximumSignificantDigits: 3 }).format(losses.at(-1) ?? 0);
}

function isText(name: string): name is TextName {
  return name in texts.en;
}

/** The beginning of a message that is the name of a file: `anna.jpg: ...`, `my photo.jpg: ...`, `out/anna was ...`. */
const FILE = /^(?:[^\s:]*[./\\]|\S+:|(?!cannot )[^:]*\.\w+:)/;

/** Returns a message with a capital letter and a full stop; the name of a file at its beginning stays as it is. */
function sentence(message: string): string {
  const whole = FILE.test(message) ? message : message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
