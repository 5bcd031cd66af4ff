/** A backend for tests of the page: draws faces of plain shapes at once, and makes characters in a few steps. */

import { Parameters } from "../../src/character/parameters";
import { Schema } from "../../src/character/schema";
import type { Backend, Made, OpenedPhoto, SheetEntry, Start } from "../../src/editor/backend";
import { CharacterError, throwIfStopped } from "../../src/errors";
import type { Mode } from "../../src/networks/contract";
import type { Picture } from "../../src/photo/picture";
import type { Progress } from "../../src/search/search";

const SKINS = ["#f4d3bd", "#e3b08d", "#c68a5f", "#8d5a3b", "#5a3826"];
const HAIRS = ["#1d1a19", "#5b3a24", "#a8763e", "#e0c27a", "#9a9a9a"];

const slider = (name: string, group: string, standard = 0.5, low = -0.84, high = 0.84) => {
  return { name, group, standard, low, high };
};

export const schema = new Schema({
  name: "shapes",
  fingerprint: "00".repeat(32),
  controllers: [
    slider("eyebrows.angle", "eyebrow", 0.4737, -0.35, 0.98),
    slider("eyebrows.move-up", "eyebrow"),
    slider("eyes.size", "eye", 0.5333, -0.84, 1.26),
    slider("eyes.bag-size", "eye"),
    slider("eyes.height1", "eye"),
    { ...slider("asym.eye-1", "eye", 0.5, -1, 1), asymmetric: true },
    slider("nose.width", "nose"),
    slider("nose.nostrils-flaring", "nose"),
    slider("mouth.width", "mouth"),
    slider("mouth.angles", "mouth", 0.55, -0.49, 0.91),
    slider("chin.jaw-drop", "face"),
    slider("cheek.volume", "face"),
    slider("ears.size", "ear", 0.5, -0.5, 0.5),
    slider("head.age", "head", 0.2, -0.25, 3.75),
    slider("head.width", "head"),
    slider("skin.wrinkles", "skin", 0.5, -1, 1),
  ],
  discrete: [
    { name: "hair", options: ["bald", "short01", "short02", "long01"], standard: "short01" },
    { name: "hair-colour", options: ["black", "brown", "light-brown", "blond", "grey"], standard: "brown" },
    { name: "skin-tone", options: ["porcelain", "light", "tan", "brown", "ebony"], standard: "light" },
  ],
});

/** What the address of the page asks for, after `?`. */
export interface Wishes {
  readonly sheet?: boolean;
  readonly server?: boolean;
  readonly fail?: "noFace" | "unreachable";
  readonly warn?: boolean;
  readonly slow?: boolean;
}

export class FakeBackend implements Backend {
  readonly kind: "browser" | "server";
  readonly schema = schema;
  readonly imageSize = 256;
  readonly unread = ["asym.eye-1"];
  readonly modes: readonly Mode[] = ["hybrid", "one-shot", "iterative"];
  readonly bundle = "shapes 1.0";
  readonly computedBy = "plain shapes";
  readonly engine: string | null;
  readonly start: Start;
  readonly save: Backend["save"];
  /** Everything that was saved, for the tests. */
  readonly saves: Parameters[] = [];

  constructor(private readonly wishes: Wishes) {
    this.kind = wishes.server ? "server" : "browser";
    this.engine = wishes.server ? "MakeHuman" : null;
    const states = ["open", "kept", "changed"] as const;
    const sheet: SheetEntry[] = Array.from({ length: 12 }, (_, i) => {
      return { name: `character-${String(i + 1).padStart(2, "0")}`, state: i < 3 ? states[i] : "open", photo: true };
    });
    this.start = wishes.sheet ? { name: "characters", sheet } : {};
    this.save = wishes.server
      ? async (parameters) => {
          this.saves.push(parameters);
          return { path: "parameters.json", warning: null };
        }
      : null;
  }

  async openPhoto(_photo: Blob, _name: string, signal: AbortSignal): Promise<OpenedPhoto> {
    await pause(this.wishes.slow ? 2000 : 30);
    throwIfStopped(signal);
    if (this.wishes.fail === "noFace") throw new CharacterError("no-face", "no face was found", {}, "noFace");
    if (this.wishes.fail === "unreachable") throw new CharacterError("missing", "no answer", {}, "unreachable");
    const warnings = this.wishes.warn ? [{ code: "small", message: "the face is small", values: { pixels: 61 } }] : [];
    return { id: "1", face: portrait(target(), true), faces: this.wishes.warn ? 2 : 1, warnings, suits: "hybrid" };
  }

  async make(
    _photo: OpenedPhoto,
    mode: Mode,
    keep: Parameters | null,
    onProgress: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<Made> {
    const losses: number[] = [];
    const total = mode === "one-shot" ? 0 : 10;
    for (let done = 1; done <= total; done++) {
      await pause(this.wishes.slow ? 500 : 5);
      throwIfStopped(signal);
      losses.push(0.9 / done + 0.1);
      onProgress({ done, total, loss: losses[done - 1] });
    }
    const generated = target();
    const off = mode === "hybrid" ? 0 : mode === "iterative" ? 0.05 : 0.12;
    generated.forEach((value, i) => {
      if (i < schema.controllers.length) generated[i] = Math.min(1, value + off);
    });
    const values = keep ? keep.merged(generated) : generated;
    return { parameters: new Parameters(schema, values, keep?.locked), probabilities: values, losses };
  }

  async draw(parameters: Parameters): Promise<Picture> {
    await pause(this.wishes.slow ? 300 : 4);
    if ("gone" in document.documentElement.dataset) {
      throw new CharacterError("missing", "the server has ended", {}, "serverEnded");
    }
    return portrait(parameters.values);
  }

  async drawWithEngine(parameters: Parameters): Promise<Picture> {
    await pause(50);
    return portrait(parameters.values, true);
  }

  async openEntry(name: string): Promise<{ parameters: Parameters; photo: OpenedPhoto | null }> {
    const photo = await this.openPhoto(new Blob(), name, new AbortController().signal);
    return { parameters: new Parameters(schema, entryValues(name)), photo };
  }

  async entryFace(name: string): Promise<Picture> {
    return portrait(entryValues(name), true);
  }

  async thumbnail(name: string): Promise<Picture> {
    return portrait(entryValues(name));
  }

  async setKept(): Promise<void> {
    await pause(2);
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function target(): Float32Array {
  const values = schema.average();
  [0.8, 0.6, 0.7, 0.5, 0.4, 0.5, 0.7, 0.6, 0.75, 0.8, 0.6, 0.5, 0.7, 0.3, 0.6, 0.5].forEach((v, i) => (values[i] = v));
  return new Parameters(schema, values).withChoice("hair", "long01").withChoice("skin-tone", "tan").values;
}

function entryValues(name: string): Float32Array {
  const seed = Number(name.slice(-2));
  const values = schema.average();
  for (let i = 0; i < schema.controllers.length; i++) values[i] = ((seed * 37 + i * 53) % 100) / 100;
  const tone = schema.discrete[2].options[seed % 5];
  return new Parameters(schema, values).withChoice("skin-tone", tone).withChoice("hair", "short02").values;
}

/** Draws a face of ellipses. */
function portrait(values: Float32Array, textured = false): Picture {
  const parameters = new Parameters(schema, values);
  const of = (name: string) => parameters.value(name);
  const context = new OffscreenCanvas(256, 256).getContext("2d")!;
  const ellipse = (x: number, y: number, w: number, h: number, colour: string) => {
    context.fillStyle = colour;
    context.beginPath();
    context.ellipse(x, y, w, h, 0, 0, 2 * Math.PI);
    context.fill();
  };
  const choice = (name: string) =>
    schema.discrete.find((group) => group.name === name)!.options.indexOf(parameters.choice(name));
  const hair = HAIRS[choice("hair-colour")];
  const background = context.createLinearGradient(0, 0, 0, 256);
  background.addColorStop(0, textured ? "#7d8fa3" : "#b9c2cc");
  background.addColorStop(1, textured ? "#4a5867" : "#8d99a6");
  context.fillStyle = background;
  context.fillRect(0, 0, 256, 256);
  const width = 62 + 26 * of("head.width");
  if (choice("hair") > 2) ellipse(128, 140, width + 22, 112, hair);
  const skin = SKINS[choice("skin-tone")];
  ellipse(128 - width, 138, 8 + 14 * of("ears.size"), 22, skin);
  ellipse(128 + width, 138, 8 + 14 * of("ears.size"), 22, skin);
  ellipse(128, 136, width, 92 + 12 * of("chin.jaw-drop"), skin);
  if (choice("hair") > 0) ellipse(128, 66, width - 2, 18 + 8 * choice("hair"), hair);
  for (const side of [-1, 1]) {
    ellipse(128 + side * 30, 122, 14, 5 + 9 * of("eyes.size"), "#fff");
    ellipse(128 + side * 30, 122, 5, 6, "#3a4a3a");
    context.strokeStyle = hair;
    context.lineWidth = 5;
    context.beginPath();
    const rise = 16 * (of("eyebrows.angle") - 0.5);
    const top = 104 - 16 * (of("eyebrows.move-up") - 0.5);
    context.moveTo(128 + side * 14, top + rise);
    context.lineTo(128 + side * 48, top - rise);
    context.stroke();
  }
  ellipse(128, 154, 6 + 14 * of("nose.width"), 9, "rgba(90,40,20,.28)");
  context.strokeStyle = "#8d3b3b";
  context.lineWidth = 6;
  context.beginPath();
  const mouth = 16 + 30 * of("mouth.width");
  context.moveTo(128 - mouth, 190);
  context.quadraticCurveTo(128, 190 + 40 * (of("mouth.angles") - 0.45), 128 + mouth, 190);
  context.stroke();
  const { data } = context.getImageData(0, 0, 256, 256);
  return { width: 256, height: 256, pixels: new Uint8ClampedArray(data) };
}
