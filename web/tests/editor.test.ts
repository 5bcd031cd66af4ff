/** The parts of the editor that need no browser. */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fromCsv, toCsv } from "../src/character/csvFile";
import { fromJson, shortest, toJson } from "../src/character/parameterFiles";
import { Parameters } from "../src/character/parameters";
import type { Backend } from "../src/editor/backend";
import { differences, lockState, namesOf, reset, sameCharacter, withLocks } from "../src/editor/changes";
import { DrawQueue, type Draw } from "../src/editor/drawQueue";
import { begin, changed, ended, redone, undone } from "../src/editor/history";
import { filled, languageOf, partName, sayIn, sentenceOf, warningText } from "../src/editor/language";
import { fromPlain, toPlain } from "../src/editor/memory";
import { matches, sliderName, words } from "../src/editor/names";
import { randomFace } from "../src/editor/randomFace";
import { save as saveCharacter } from "../src/editor/saving";
import { Session } from "../src/editor/session";
import { texts, type TextName } from "../src/editor/texts";
import { CharacterError } from "../src/errors";
import type { Picture } from "../src/photo/picture";
import { FakeBackend, schema } from "./page/fakeBackend";

const average = new Parameters(schema, schema.average());

describe("history", () => {
  it("goes back and forth by changes", () => {
    const one = changed(changed(begin("a"), "b", "first"), "c", "second");
    expect(undone(one).present).toBe("b");
    expect(undone(one).future[0].change).toBe("second");
    expect(undone(undone(undone(one))).present).toBe("a");
    expect(redone(redone(undone(undone(one))))).toEqual(one);
  });

  it("makes one entry of one gesture", () => {
    let dragged = changed(begin(0), 1, "size", "drag size");
    dragged = changed(dragged, 2, "size", "drag size");
    expect(dragged.past).toHaveLength(1);
    expect(changed(ended(dragged), 3, "size", "drag size").past).toHaveLength(2);
    expect(changed(dragged, 3, "width", "drag width").past).toHaveLength(2);
  });

  it("forgets what was undone after another change", () => {
    expect(changed(undone(changed(begin("a"), "b", "x")), "c", "y").future).toEqual([]);
  });
});

describe("texts", () => {
  const names = Object.keys(texts.en) as TextName[];
  const placeholders = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([found]) => found).sort();

  it.each(Object.keys(texts) as (keyof typeof texts)[])("are whole in %s, with the same values", (language) => {
    expect(Object.keys(texts[language])).toEqual(names);
    for (const name of names) {
      expect(texts[language][name], name).not.toBe("");
      expect(placeholders(texts[language][name]), name).toEqual(placeholders(texts.en[name]));
    }
  });

  it("are all used", () => {
    const folder = new URL("../src/editor/", import.meta.url);
    const files = readdirSync(folder, { recursive: true }).map(String);
    const source = files
      .filter((file) => /\.tsx?$/.test(file) && file !== "texts.ts")
      .map((file) => readFileSync(new URL(file, folder), "utf8"))
      .join("");
    const composed = /^(part|error|warning)\./;
    expect(names.filter((name) => !composed.test(name) && !source.includes(`"${name}"`))).toEqual([]);
  });

  it("has one for every code of an error", () => {
    const folder = new URL("../src/", import.meta.url);
    const sources = (readdirSync(folder, { recursive: true }) as string[]).filter((file) => /\.tsx?$/.test(file));
    const codes = sources.flatMap((file) => {
      const source = readFileSync(new URL(file, folder), "utf8");
      return [...source.matchAll(/(?<!\?\? \{)\},\s*"(\w+)",?\s*\)/g), ...source.matchAll(/invalid\(.*`, "(\w+)"/g)];
    });
    const used = new Set(codes.map(([, code]) => code));
    expect([...used].filter((code) => code !== "stopped" && !names.includes(`error.${code}` as TextName))).toEqual([]);
    expect(used.size).toBeGreaterThan(15);
  });

  it("are chosen by the browser's languages", () => {
    expect(languageOf(["fr-FR", "de-AT", "en"])).toBe("de");
    expect(languageOf(["zh-CN"])).toBe("zh-Hans");
    expect(languageOf(["ja-JP"])).toBe("ja");
    expect(languageOf(["fr"])).toBe("en");
  });

  it("translate errors by their code, and keep sentences without one", () => {
    const say = sayIn("de");
    const error = new CharacterError("turned", "turned", { degrees: 50, limit: 35 }, "turned");
    expect(sentenceOf(error, say)).toBe(filled(texts.de["error.turned"], { degrees: 50, limit: 35 }));
    expect(sentenceOf(new CharacterError("missing", "no such file"), say)).toBe("No such file.");
    expect(sentenceOf(new Error("x"), say)).toContain("x");
    // The name of a file keeps its spelling.
    for (const message of [
      "anna.jpg: it is too large.",
      "my photo.jpg: it is too large.",
      "anna: it is too large.",
      "out/anna is gone.",
    ]) {
      expect(sentenceOf(new CharacterError("missing", message), say)).toBe(message);
    }
    const inFile = new CharacterError("invalid-input", "x", { file: "anna.json" }, "notParameters");
    expect(sentenceOf(inFile, say)).toBe(`anna.json: ${texts.de["error.notParameters"]}`);
    expect(sentenceOf(inFile, say, false)).toBe(texts.de["error.notParameters"]);
    expect(sentenceOf(new CharacterError("missing", "cannot read a.json: no such file"), say)).toMatch(/^Cannot read a/);
    expect(warningText({ code: "small", message: "", values: { pixels: 61 } }, say)).toContain("61 Pixel");
    expect(partName("eye", say)).toBe("Augen");
    expect(partName("left-horn", say)).toBe("Left horn");
  });
});

describe("names", () => {
  it("are words without the part they are listed under", () => {
    expect(words("dark-brown")).toBe("Dark brown");
    expect(sliderName({ name: "eyes.bag-size", group: "eye" })).toBe("Bag size");
    expect(sliderName({ name: "nose.width", group: "nose" })).toBe("Width");
    expect(sliderName({ name: "chin.width", group: "face" })).toBe("Chin width");
    expect(sliderName({ name: "jaw", group: "face" })).toBe("Jaw");
  });

  it("are found by each typed word", () => {
    expect(matches("bag eye", "eyes.bag-size", "Bag size")).toBe(true);
    expect(matches("bag nose", "eyes.bag-size")).toBe(false);
  });
});

describe("random faces", () => {
  it("keep what is locked", () => {
    const locked = withLocks(average, ["eyes.size", "hair"], true);
    const face = randomFace(locked, 1, sequence());
    expect(face.value("eyes.size")).toBe(locked.value("eyes.size"));
    expect(face.choice("hair")).toBe(locked.choice("hair"));
    expect(face.locked).toEqual(locked.locked);
    expect(differences(face, average.values).size).toBeGreaterThan(10);
  });

  it("go only as far as asked", () => {
    const face = randomFace(average, 0.1, sequence());
    const far = schema.controllers.map((_, i) => Math.abs(face.values[i] - average.values[i]));
    expect(Math.max(...far)).toBeGreaterThan(0.01);
    expect(Math.max(...far)).toBeLessThanOrEqual(0.1001);
  });
});

describe("changes", () => {
  it("reset parts, but for what is locked", () => {
    const moved = average.withValue("eyes.size", 1).withValue("eyes.bag-size", 1).withValue("nose.width", 1);
    const locked = withLocks(moved, ["eyes.size"], true);
    const back = reset(locked, namesOf(schema, "eye"), schema.average());
    expect(differences(back, average.values)).toEqual(new Set(["eyes.size", "nose.width"]));
  });

  it("reset options by their groups", () => {
    const bald = average.withChoice("hair", "bald");
    expect(differences(bald, average.values)).toEqual(new Set(["hair"]));
    expect(reset(bald, namesOf(schema, null), schema.average()).choice("hair")).toBe("short01");
  });

  it("lock some and all of a part", () => {
    const names = namesOf(schema, "nose");
    expect(lockState(average, names)).toBe("false");
    expect(lockState(withLocks(average, ["nose.width"], true), names)).toBe("mixed");
    expect(lockState(withLocks(average, names, true), names)).toBe("true");
    expect(sameCharacter(average, withLocks(average, names, true))).toBe(false);
  });
});

describe("tables", () => {
  it("are read as they are written", () => {
    const face = randomFace(average, 1, sequence());
    expect(fromCsv(toCsv(face), schema).values).toEqual(face.values);
    expect(fromCsv(`\ufeff${toCsv(face).replace(/\n/g, "\r\n")}`, schema).values).toEqual(face.values);
  });

  it("are refused with the column's name", () => {
    const table = toCsv(average);
    expect(() => fromCsv(table.replace("eyes.size", "eyes.sise"), schema)).toThrow("'eyes.sise'");
    expect(() => fromCsv(table.replace("\n0.", "\n7."), schema)).toThrow("'eyebrows.angle'");
    expect(() => fromCsv("a;b\n1;2\n", schema)).toThrow("separated by commas");
  });
});

describe("files of parameters", () => {
  const written = JSON.parse(toJson(average)) as Record<string, Record<string, unknown>>;
  const [slider] = schema.controllers;
  const sentence = (text: string) => {
    try {
      fromJson(text, schema);
    } catch (error) {
      return sentenceOf(error, sayIn("de"));
    }
    return "";
  };

  it.each(["[]", "null", "3", "{", '"NaN"', "NaN"])("are not %s", (text) => {
    expect(sentence(text)).toBe(texts.de["error.notParameters"]);
  });

  it("name what is wrong, in the page's language", () => {
    const wrongEntry = filled(texts.de["error.wrongEntry"], { name: slider.name });
    for (const value of ["NaN", "Infinity", "-Infinity", "1.5", "null", '"a\\"NaN"']) {
      const text = toJson(average).replace(`"${slider.name}": ${shortest(slider.standard)}`, () => `"${slider.name}": ${value}`);
      expect(text).not.toBe(toJson(average));
      expect(sentence(text)).toBe(wrongEntry);
    }
    const { name, options } = schema.discrete[0];
    const half = { ...written, discrete: { ...written["discrete"], [name]: { [options[0]]: 0.5 } } };
    expect(sentence(JSON.stringify(half))).toBe(filled(texts.de["error.wrongEntry"], { name }));
    const locks = JSON.stringify({ ...written, locked: ["NaN"] });
    expect(sentence(locks)).toBe(filled(texts.de["error.unknownLock"], { name: "NaN" }));
  });
});

describe("saving", () => {
  it.each(["overwrite", "removed"] as const)("asks first where the file needs it: %s", async (dialog) => {
    const code = dialog === "removed" ? "removedFromDisk" : "changedOnDisk";
    const backend = new FakeBackend({ server: true });
    const asked: boolean[] = [];
    const save: Backend["save"] = async (_, { overwrite = false }) => {
      asked.push(overwrite);
      if (!overwrite) throw new CharacterError("invalid-input", "it is not as it was", {}, code);
      return { path: "anna.json", warning: new CharacterError("invalid-input", "cannot write review.json") };
    };
    const session = new Session(Object.assign(backend, { save }), "en");
    expect(await saveCharacter(session)).toBe(false);
    expect(session.state.dialog).toBe(dialog);
    expect(await saveCharacter(session, true)).toBe(true);
    expect([session.state.dialog, asked]).toEqual([null, [false, true]]);
    expect(session.unsaved).toBe(false);
    expect(session.state.notice?.text).toBe("Cannot write review.json.");
  });
});

describe("memory", () => {
  it("brings a work back as it was", () => {
    const session = new Session(new FakeBackend({}), "en");
    session.set({ name: "anna", mode: "one-shot" });
    session.state = {
      ...session.state,
      history: changed(session.state.history, workOf(randomFace(average, 1, sequence())), "Random"),
    };
    const plain = structuredClone(toPlain(session.state, schema, ""));
    const back = fromPlain(plain, schema);
    expect(back.history).toEqual({ ...session.state.history, gesture: null });
    expect([back.name, back.mode, back.view]).toEqual(["anna", "one-shot", "editor"]);
    expect(sameCharacter(back.saved!, session.state.saved)).toBe(true);
  });

  const workOf = (parameters: Parameters) => ({
    parameters: withLocks(parameters, ["hair"], true),
    start: average.values,
  });
});

describe("drawing", () => {
  const picture = (width: number): Picture => ({ width, height: 1, pixels: new Uint8ClampedArray(4 * width) });

  it("draws one at a time, ends with the newest, and thumbnails in their order", async () => {
    const drawn: number[] = [];
    let running = 0;
    const draw =
      (id: number): Draw =>
      async () => {
        expect(++running).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 1));
        running -= 1;
        return picture(id);
      };
    const done = ({ width }: Picture) => drawn.push(width);
    const queue = new DrawQueue(() => drawn.push(-1));
    queue.drawThumbnail(draw(10), done);
    const cancel = queue.drawThumbnail(draw(11), done);
    queue.drawThumbnail(draw(12), done);
    for (const id of [1, 2, 3]) queue.drawPresent(draw(id), done);
    cancel();
    await expect.poll(() => drawn).toEqual([10, 3, 12]);
  });

  it("draws the other thumbnails if an error is of one alone", async () => {
    const seen: unknown[] = [];
    const queue = new DrawQueue((error) => seen.push(error));
    const refuse = () => Promise.reject(new Error("cut"));
    queue.drawThumbnail(refuse, () => seen.push("drawn"), (error) => seen.push(String(error)) > 0);
    queue.drawThumbnail(async () => picture(1), () => seen.push("other"));
    await expect.poll(() => seen).toEqual(["Error: cut", "other"]);
  });

  it("tells of an error once, and draws again", async () => {
    const seen: unknown[] = [];
    const queue = new DrawQueue((error) => seen.push(error));
    queue.drawPresent(
      () => Promise.reject(new Error("gone")),
      () => seen.push("drawn"),
    );
    queue.drawThumbnail(
      async () => picture(1),
      () => seen.push("thumbnail"),
    );
    await expect.poll(() => seen).toEqual([new Error("gone")]);
    queue.drawPresent(
      async () => picture(2),
      () => seen.push("drawn"),
    );
    await expect.poll(() => seen.at(-1)).toBe("drawn");
  });
});

/** Returns numbers in [0, 1) that are the same in every run. */
function sequence(): () => number {
  let state = 7;
  return () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  };
}
