import type { SchemaData } from "../character/schema";
import { damaged } from "./serverFile";

/** A mode of generation. */
export type Mode = "one-shot" | "iterative" | "hybrid";

/** The hardware that computes: the processor through WebAssembly, or the graphics card through WebGPU. */
export type Provider = "wasm" | "webgpu";

/** The settings of one mode's search. */
export interface SearchSettings {
  /** The learning rate of each step, in order. */
  readonly learningRates: readonly number[];
  /** Sharpness of the softmax over a discrete group's options. */
  readonly beta: number;
  /** Learning rate of the discrete groups as a multiple of the controllers'. */
  readonly discreteRate: number;
  /** Nesterov momentum coefficient, in [0, 1). */
  readonly momentum: number;
  /** End at the state of the smallest loss instead of the last one. */
  readonly keepBest: boolean;
}

/** A tensor of a graph: its name and shape; all are float32. */
export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
}

/** One graph: its file and the files of its weights. */
export interface Graph {
  readonly file: string;
  /** Files that hold weights of the graph, beside it. */
  readonly weights: readonly string[];
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** From where on a photo is refused or warned about, and what `auto` calls frontal, sharp and large. */
export interface Limits {
  readonly smallestEyeDistance: number;
  readonly smallEyeDistance: number;
  readonly largestYaw: number;
  readonly largeYaw: number;
  readonly largestResidual: number;
  readonly largeOutside: number;
  readonly yawPerOffset: number;
  readonly outerOverCentres: number;
  readonly frontalYaw: number;
  readonly frontalPitch: number;
  readonly sharp: number;
  readonly largeEyeDistance: number;
}

/** A file of the folder: its size in bytes and its SHA-256 in hexadecimal. */
export interface FileRecord {
  readonly size: number;
  readonly sha256: string;
}

/** The facts about an artifact that the page and `CharacterMaker` need: `contract.json`, beside the graphs. */
export interface Contract {
  readonly format: number;
  readonly bundle: string;
  readonly bundleFingerprint: string;
  readonly target: string;
  readonly schema: SchemaData;
  /** Edge of faces and pictures in pixels. */
  readonly imageSize: number;
  /** The state from which iterative generation starts. */
  readonly firstState: readonly number[];
  readonly iterative: SearchSettings;
  readonly hybrid: SearchSettings;
  /** Try every option of the discrete groups before a search. */
  readonly chooseOptions: boolean;
  /** Head start of a group's standard option: its loss is reduced by this fraction. */
  readonly standardMargin: number;
  /** One-shot generation leaves a group's standard option if another one is more probable by more than this. */
  readonly standardLead: number;
  /** Whether the content loss is the sum or the mean of its elements. */
  readonly contentReduction: "sum" | "mean";
  readonly lossWeights: { readonly identity: number; readonly content: number };
  /** Search through the shortcut unless a call says otherwise. */
  readonly fast: boolean;
  /** Number of characters that the graph `compare_fast` takes; null without it. */
  readonly comparedAtOnce: number | null;
  /** The average face's landmarks as (x, y) in fractions of the picture's edge. */
  readonly template: readonly (readonly [number, number])[];
  readonly limits: Limits;
  /** Controllers that no network reads; they stay at their standard. */
  readonly unread: readonly string[];
  readonly graphs: Readonly<Record<string, Graph>>;
  /** Name and version of the runtime beside the page. */
  readonly runtime: string;
  /** The two networks of the face finder. */
  readonly finder: { readonly detector: string; readonly reader: string };
  /** MediaPipe's model, which finds faces instead of the two networks if it is there. */
  readonly landmarker: string | null;
  /** Every file of the folder that the page loads by its name. */
  readonly files: Readonly<Record<string, FileRecord>>;
}

/** The format of contracts that this version reads. */
export const FORMAT = 1;

/** Reads a contract from the text of `contract.json`.
 *
 * @throws CharacterError `damaged`: not JSON, or of another format.
 */
export function readContract(text: string): Contract {
  let content: Contract;
  try {
    content = JSON.parse(text) as Contract;
  } catch {
    throw damaged("contract.json");
  }
  if (content?.format !== FORMAT) {
    throw damaged("contract.json", `of format ${String(content?.format)}, not ${FORMAT}`);
  }
  return content;
}
