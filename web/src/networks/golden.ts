import { Schema } from "../character/schema";
import type { GoldenGraphResult, GoldenResult, Measure } from "../messages";
import { fromPlanes, fromRgb, toPlanes } from "../photo/picture";
import type { Contract, Graph } from "./contract";
import type { OrtNetworks } from "./ortNetworks";
import type { FileStore } from "./store";

/** The thresholds of a graph's precision, as the artifact's parity has them. */
interface Floors {
  readonly controllers: number;
  readonly discrete: number;
  readonly identity: number;
  readonly content: number;
  readonly render: number;
  readonly update: number;
  readonly loss: number;
  /** Largest relative difference of the length of an update. */
  readonly length: number;
}

interface Tensor {
  readonly file: string;
  readonly shape: readonly number[];
}

interface GoldenGraph {
  readonly samples: readonly string[];
  readonly floors: Floors;
  readonly tensors: Readonly<Record<string, Tensor>>;
}

type Arrays = Record<string, Float32Array>;

/** Compares the outputs of every graph with its golden vectors on this device; the floors are those of Python. */
export async function checkGolden(networks: OrtNetworks, contract: Contract, files: FileStore): Promise<GoldenResult> {
  const text = new TextDecoder().decode(await files.read("golden/golden.json"));
  const index = JSON.parse(text) as { readonly graphs: Readonly<Record<string, GoldenGraph>> };
  const schema = new Schema(contract.schema);
  const graphs: Record<string, GoldenGraphResult> = {};
  for (const [name, golden] of Object.entries(index.graphs)) {
    const graph = contract.graphs[name];
    if (graph) graphs[name] = await checkGraph(name, graph, golden, networks, schema, files);
  }
  return { passed: Object.values(graphs).every((graph) => graph.passed), provider: networks.provider, graphs };
}

async function checkGraph(
  name: string,
  graph: Graph,
  golden: GoldenGraph,
  networks: OrtNetworks,
  schema: Schema,
  files: FileStore,
): Promise<GoldenGraphResult> {
  const tensors: Arrays = {};
  for (const [tensor, { file, shape }] of Object.entries(golden.tensors)) {
    tensors[tensor] = await tensorOf(await files.read(`golden/${file}`), file, shape);
  }
  const count = golden.samples.length;
  const one = (tensor: string, i: number) => {
    const all = tensors[tensor];
    if (golden.tensors[tensor].shape[0] !== count) return all;
    return all.subarray((i * all.length) / count, ((i + 1) * all.length) / count);
  };
  const worst = new Map<string, Measure>();
  for (let i = 0; i < count; i++) {
    const inputs: Arrays = {};
    for (const { name: input, shape } of graph.inputs) {
      inputs[input] = filled(input in tensors ? one(input, i) : Float32Array.of(1), product(shape));
    }
    const outputs = await networks.run(name, inputs).catch((error: unknown) => String(error));
    if (typeof outputs === "string") return { passed: false, measures: [...worst.values()], error: outputs };
    const wanted = Object.fromEntries(graph.outputs.map((output) => [output.name, one(output.name, i)]));
    for (const measure of measuresOf(outputs, wanted, golden.floors, schema)) {
      const before = worst.get(measure.name);
      // Written so that a measure that is not a number replaces any other, and stays.
      if (!before || !isWorse(before, measure)) worst.set(measure.name, measure);
    }
  }
  const measures = [...worst.values()];
  return { passed: measures.every(passes), measures };
}

function passes({ value, floor, better }: Measure): boolean {
  return better === "lower" ? value <= floor : value >= floor;
}

function isWorse(one: Measure, other: Measure): boolean {
  return Number.isNaN(one.value) || (one.better === "lower" ? one.value > other.value : one.value < other.value);
}

/** Returns the comparisons of one sample's outputs; the names of the outputs tell which graph it is. */
function measuresOf(found: Arrays, wanted: Arrays, floors: Floors, schema: Schema): Measure[] {
  const lower = (name: string, value: number, floor: number): Measure => ({ name, value, floor, better: "lower" });
  const higher = (name: string, value: number, floor: number): Measure => ({ name, value, floor, better: "higher" });
  const measures: Measure[] = [];
  if (found["parameters"]) {
    const [own, other] = [found["parameters"], wanted["parameters"]];
    const count = schema.controllers.length;
    measures.push(lower("controllers", furthest(own.subarray(0, count), other.subarray(0, count)), floors.controllers));
    const hard = [own, other].map((values) => schema.hardened(values));
    measures.push(lower("options", furthest(hard[0].subarray(count), hard[1].subarray(count)), 1 - floors.discrete));
  }
  if (found["identity"]) measures.push(higher("identity's cosine", cosine(found["identity"], wanted["identity"]), floors.identity));
  if (found["content"]) measures.push(lower("content", relative(found["content"], wanted["content"]), floors.content));
  if (found["image"]) measures.push(higher("PSNR in dB", psnr(found["image"], wanted["image"]), floors.render));
  if (found["next_state"]) {
    const [own, other] = [found, wanted].map((arrays) => minus(arrays["next_state"], wanted["lookahead"]));
    measures.push(higher("cosine of the update", cosine(own, other), floors.update));
    measures.push(lower("length of the update", Math.abs(norm(own) / norm(other) - 1), floors.length));
    measures.push(lower("look-ahead", furthest(found["lookahead"], wanted["lookahead"]), floors.controllers));
  }
  for (const loss of ["loss", "content_loss"]) {
    if (!found[loss] || !wanted[loss]) continue;
    const value = Math.abs(found[loss][0] - wanted[loss][0]) / Math.abs(wanted[loss][0]);
    measures.push(lower(loss, value, floors.loss));
  }
  return measures;
}

/** Returns the values of a file: 8-bit faces (`.rgb`) as planes in [0, 1], all others as float32. */
async function tensorOf(content: Uint8Array<ArrayBuffer>, file: string, shape: readonly number[]): Promise<Float32Array> {
  if (!file.endsWith(".rgb")) return new Float32Array(content.slice().buffer);
  const [count, , height, width] = shape;
  const planes = new Float32Array(product(shape));
  const size = 3 * height * width;
  for (let i = 0; i < count; i++) {
    planes.set(toPlanes(fromRgb(content.subarray(i * size, (i + 1) * size), width, height)), i * size);
  }
  return planes;
}

/** Returns values repeated until there are enough, for a graph that takes several samples at once. */
function filled(values: Float32Array, count: number): Float32Array {
  return values.length === count ? values : Float32Array.from({ length: count }, (_, i) => values[i % values.length]);
}

function product(shape: readonly number[]): number {
  return shape.reduce((all, edge) => all * edge, 1);
}

function minus(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value - b[i]);
}

function norm(a: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value) => sum + value * value, 0));
}

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0) / (norm(a) * norm(b));
}

function furthest(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

function relative(a: Float32Array, b: Float32Array): number {
  const size = b.reduce((sum, value) => sum + Math.abs(value), 0);
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / size;
}

function psnr(a: Float32Array, b: Float32Array): number {
  const edge = Math.round(Math.sqrt(a.length / 3));
  const [own, other] = [a, b].map((planes) => fromPlanes(planes, edge).pixels);
  let sum = 0;
  for (let i = 0; i < own.length; i++) sum += ((own[i] - other[i]) / 255) ** 2;
  return -10 * Math.log10(Math.max((sum * 4) / 3 / own.length, 1e-20));
}
