/** The check of golden vectors tells a device that computes wrongly, also where only the gradient is wrong. */

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readContract } from "../src/networks/contract";
import { checkGolden } from "../src/networks/golden";
import type { OrtNetworks } from "../src/networks/ortNetworks";
import type { FileStore } from "../src/networks/store";

type Arrays = Record<string, Float32Array>;

const folder = `${process.env["F2P_WEB_REFERENCE"] ?? "../build/web-reference"}/page/model`;
const here = existsSync(`${folder}/contract.json`);
const read = (name: string) => new Uint8Array(readFileSync(`${folder}/${name}`));
const files = { read: async (name: string) => read(name) } as unknown as FileStore;

/** Returns a device that gives the golden outputs, after a change of them. */
function device(change: (graph: string, outputs: Arrays) => void): OrtNetworks {
  const index = JSON.parse(new TextDecoder().decode(read("golden/golden.json")));
  const calls: Record<string, number> = {};
  const run = async (graph: string) => {
    const { samples, tensors } = index.graphs[graph];
    const i = (calls[graph] = (calls[graph] ?? -1) + 1) % samples.length;
    const outputs: Arrays = {};
    for (const { name } of readContract(readFileSync(`${folder}/contract.json`, "utf8")).graphs[graph].outputs) {
      const all = new Float32Array(read(`golden/${tensors[name].file}`).buffer);
      outputs[name] = all.slice((i * all.length) / samples.length, ((i + 1) * all.length) / samples.length);
    }
    change(graph, outputs);
    return outputs;
  };
  return { provider: "webgpu", run } as unknown as OrtNetworks;
}

describe.skipIf(!here)("the golden check (make test-web writes the vectors)", () => {
  const contract = here ? readContract(readFileSync(`${folder}/contract.json`, "utf8")) : (undefined as never);
  const check = (change: (graph: string, outputs: Arrays) => void) => checkGolden(device(change), contract, files);

  it("passes a device that computes right", async () => {
    expect((await check(() => undefined)).passed).toBe(true);
  });

  it("fails an update of another direction beside the right loss", async () => {
    const result = await check((graph, { next_state: next, lookahead }) => {
      if (graph === "step") next.forEach((value, i) => (next[i] = i % 2 ? value : 2 * lookahead[i] - value));
    });
    expect(result.passed).toBe(false);
    expect(Object.entries(result.graphs).filter(([, graph]) => !graph.passed).map(([name]) => name)).toEqual(["step"]);
  });

  it.each([
    ["render", "image"],
    ["one_shot", "parameters"],
    ["describe", "content"],
    ["step", "loss"],
  ])("fails %s with another %s, and with numbers that are none", async (graph, output) => {
    for (const wrong of [(value: number) => 0.9 * value, () => NaN]) {
      const result = await check((name, outputs) => {
        if (name === graph) outputs[output] = outputs[output].map(wrong);
      });
      expect(result.passed).toBe(false);
    }
  });
});
