/** The TypeScript computes what the Python code computes: build/web-reference, from tools/web_reference.py. */

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Parameters } from "../src/character/parameters";
import { fromJson, shortest, toJson } from "../src/character/parameterFiles";
import { Schema } from "../src/character/schema";
import { CharacterGenerator } from "../src/generator";
import { readContract } from "../src/networks/contract";
import type { Description, Networks, Step, Stepped } from "../src/networks/networks";
import { fromRgb, type Picture } from "../src/photo/picture";
import { sharpness } from "../src/photo/sharpness";
import { Similarity } from "../src/photo/similarity";
import { quickWarp, warp } from "../src/photo/warp";
import { trueLoss } from "../src/search/losses";
import { chooseOptionsFast } from "../src/search/options";

const folder = process.env["F2P_WEB_REFERENCE"] ?? "../build/web-reference";
const here = existsSync(`${folder}/reference.json`);
const read = (name: string) => readFileSync(`${folder}/${name}.json`, "utf8");
const reference = here ? JSON.parse(read("reference")) : {};
const contract = here ? readContract(read("contract")) : (undefined as never);
const schema = here ? new Schema(contract.schema) : (undefined as never);

const floats = (values: number[]) => Float32Array.from(values);
const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - b[i])));
const rgbOf = (text: string) => new Uint8Array(Buffer.from(text, "base64"));

describe.skipIf(!here)("the reference cases of Python (make test-web writes them)", () => {
  it("writes and reads parameters byte for byte", () => {
    for (const { values, locked, json } of reference.characters) {
      const parameters = new Parameters(schema, floats(values), new Set(locked));
      expect(toJson(parameters)).toBe(json);
      const again = fromJson(json, schema);
      expect(again.values).toEqual(parameters.values);
      expect(again.locked).toEqual(parameters.locked);
    }
  });

  it("writes decimals as Python does", () => {
    for (const [number, text] of reference.decimals) expect(shortest(number)).toBe(text);
  });

  it("turns states into parameters and back", () => {
    expect(furthest(schema.state(floats(reference.soft), reference.beta), reference.state)).toBeLessThan(1e-5);
    expect(furthest(schema.smoothed(floats(reference.state), reference.beta), reference.smoothed)).toBeLessThan(1e-6);
    expect(schema.hardened(floats(reference.soft))).toEqual(floats(reference.hardened));
    expect(schema.hardened(floats(reference.soft), 0.5)).toEqual(floats(reference.hardenedWithLead));
  });

  it("warps as Python does", () => {
    const { edge, pixels } = reference.photo;
    const photo = fromRgb(rgbOf(pixels), edge, edge);
    const target = contract.template.map(([x, y]) => ({ x: x * reference.size, y: y * reference.size }));
    for (const { landmarks, matrix, pixels: wanted } of reference.warps) {
      const found = Similarity.fit(landmarks.map(([x, y]: number[]) => ({ x, y })), target);
      expect(furthest([found.a, found.b, found.x, found.y], [matrix[0][0], matrix[1][0], matrix[0][2], matrix[1][2]])).toBeLessThan(1e-7);
      const drawn = warp(photo, found, reference.size).pixels.filter((_, i) => i % 4 < 3);
      expect(furthest(drawn, rgbOf(wanted))).toBeLessThanOrEqual(1);
    }
  });

  it("draws squares for networks as Python does", () => {
    const { edge, pixels } = reference.photo;
    const photo = fromRgb(rgbOf(pixels), edge, edge);
    for (const { matrix, pixels: wanted } of reference.quickWarps) {
      const toSquare = new Similarity(matrix[0][0], matrix[1][0], matrix[0][2], matrix[1][2]);
      const drawn = quickWarp(photo, toSquare, 40).pixels.filter((_, i) => i % 4 < 3);
      expect(furthest(drawn, wanted)).toBeLessThanOrEqual(1);
    }
  });

  it("measures the sharpness that Python measures", () => {
    const { edge, pixels } = reference.photo;
    const photo = fromRgb(rgbOf(pixels), edge, edge);
    const points = reference.points.map(([x, y]: number[]) => ({ x, y }));
    for (const { shift, scale, sharpness: wanted } of reference.sharpness) {
      const toFace = new Similarity(scale, 0, shift, shift);
      const found = sharpness(photo, toFace, points, warp(photo, toFace, edge));
      expect(Math.abs(found / wanted - 1)).toBeLessThan(0.01);
    }
  });

  it("finds the true loss of Python", () => {
    const { drawn, photo, loss } = reference.trueLoss;
    const described = ({ identity, content }: { identity: number[]; content: number[] }): Description => ({
      identity: floats(identity),
      content: floats(content),
    });
    expect(trueLoss(described(drawn), described(photo), contract) / loss).toBeCloseTo(1, 5);
  });

  it("chooses the options of Python through the shortcut", async () => {
    const { count, start, cases } = reference.options;
    const networks = new Formula();
    for (const { locked, chosen } of cases) {
      const keep = new Parameters(schema, floats(start), new Set(locked));
      const found = await chooseOptionsFast({
        networks,
        contract: { ...contract, comparedAtOnce: count },
        schema,
        values: floats(start),
        photo: { identity: floats([1]), content: floats([0]) },
        locked: keep.lockedMask,
      });
      expect(found).toEqual(floats(chosen));
    }
  });

  it("searches with the shape that a finder measured instead of the estimated one", async () => {
    const searched: Description[] = [];
    class Shapes extends Formula {
      override async describe(): Promise<Description> {
        return { identity: floats([1]), content: new Float32Array(schema.count + 2).fill(0.25) };
      }
      override async step(step: Step, photo: Description): Promise<Stepped> {
        searched.push(photo);
        return super.step(step);
      }
    }
    const size = contract.imageSize;
    const face = { width: size, height: size, pixels: new Uint8ClampedArray(4 * size ** 2) };
    const generator = new CharacterGenerator(contract, new Shapes());
    await generator.generate(face, { mode: "iterative", fast: false, shape: floats([3, 4]) });
    expect([...searched[0].content.slice(-3)]).toEqual([0.25, 3, 4]);
    await generator.generate(face, { mode: "iterative", fast: false });
    expect(searched.at(-1)!.content.at(-1)).toBe(0.25);
  });

  it("keeps locked values in every mode, reports every step and stops", async () => {
    const generator = new CharacterGenerator(contract, new Formula());
    const face = { width: contract.imageSize, height: contract.imageSize, pixels: new Uint8ClampedArray(4 * contract.imageSize ** 2) };
    const name = schema.controllers[0].name;
    const keep = new Parameters(schema, schema.average()).withValue(name, 0.9).withLocked(new Set([name]));
    for (const mode of ["one-shot", "iterative", "hybrid"] as const) {
      let steps = 0;
      const made = await generator.generate(face, { mode, keep, fast: false, onProgress: () => steps++ });
      expect(made.parameters.value(name)).toBeCloseTo(0.9, 6);
      expect(steps).toBe(mode === "one-shot" ? 0 : contract[mode].learningRates.length);
    }
    const stop = new AbortController();
    const stopped = generator.generate(face, { mode: "hybrid", onProgress: () => stop.abort(), signal: stop.signal });
    await expect(stopped).rejects.toMatchObject({ kind: "stopped" });
  });
});

/** Networks that compute by formula, as the Python side does for the same cases. */
class Formula implements Networks {
  async load(): Promise<void> {}

  async oneShot(): Promise<Float32Array> {
    return schema.average();
  }

  async describe(face: Picture): Promise<Description> {
    return { identity: floats([1]), content: floats([face.pixels[0] / 255]) };
  }

  async render(parameters: Float32Array): Promise<Picture> {
    return { width: 1, height: 1, pixels: new Uint8ClampedArray(4).fill(255 * parameters[0]) };
  }

  async step(step: Step, _photo?: Description): Promise<Stepped> {
    return { next: step.state, loss: 3, lookahead: step.state };
  }

  async compareFast(characters: readonly Float32Array[]): Promise<Float32Array> {
    const { loss, single, pairs } = reference.options;
    return Float32Array.from(characters, (character) => {
      const costs = character.reduce((sum, value, i) => sum + value * single[i], 0);
      return pairs.reduce(
        (sum: number, pair: { first: number; second: number; cost: number }) =>
          sum + pair.cost * character[pair.first] * character[pair.second],
        loss + costs,
      );
    });
  }
}
