import { Parameters } from "./character/parameters";
import { Schema } from "./character/schema";
import type { Generation, GenerateOptions } from "./generator";
import {
  errorOf,
  type Answer,
  type Calls,
  type GoldenResult,
  type Method,
  type PlainAlignedFace,
  type Request,
} from "./messages";
import { readContract, type Contract, type Mode, type Provider } from "./networks/contract";
import type { Picture } from "./photo/picture";
import type { Progress } from "./search/search";

/** A face of a photo, in the place of the average face, ready for `generate`. */
export type AlignedFace = PlainAlignedFace;

/** Options of `CharacterMaker.open`.
 *
 * @param provider - `wasm` (the default) or `webgpu`; the latter only after `check("webgpu")` has passed.
 * @param onLoading - called while files are loaded, with bytes so far and in all.
 */
export interface OpenOptions {
  readonly provider?: Provider;
  readonly onLoading?: (loading: { loaded: number; total: number }) => void;
}

interface Waiting {
  readonly resolve: (gives: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Makes characters from photos on the visitor's own device, in a worker. No photo leaves the device.
 *
 * @example
 *   const maker = await CharacterMaker.open("/character/model/");
 *   const face = await maker.align(file);
 *   const { parameters } = await maker.generate(face, { mode: "hybrid" });
 *   const picture = await maker.render(parameters);
 */
export class CharacterMaker {
  readonly schema: Schema;
  private readonly waiting: Map<number, Waiting>;
  private next = 1;

  private constructor(
    private readonly worker: Worker,
    waiting: Map<number, Waiting>,
    readonly contract: Contract,
    readonly provider: Provider,
  ) {
    this.schema = new Schema(contract.schema);
    this.waiting = waiting;
  }

  /** Opens the models of a folder that `f2p-deploy embed web` has written.
   *
   * @param model - address of the folder with `contract.json`, with a slash at its end.
   * @throws CharacterError `missing` or `damaged`.
   */
  static async open(model: string, options: OpenOptions = {}): Promise<CharacterMaker> {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    const waiting = new Map<number, Waiting>();
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if ("loading" in data) return options.onLoading?.(data.loading);
      const call = waiting.get(data.id);
      if (!call) return;
      if ("progress" in data) return call.onProgress?.(data.progress);
      waiting.delete(data.id);
      if ("error" in data) call.reject(errorOf(data.error));
      else call.resolve(data.gives);
    };
    const failed = () => {
      for (const call of waiting.values()) call.reject(new Error("the worker has ended"));
      waiting.clear();
    };
    worker.onerror = failed;
    const provider = options.provider ?? "wasm";
    const base = new URL(model, document.baseURI).href;
    try {
      const opened = await new Promise<Calls["open"]["gives"]>((resolve, reject) => {
        waiting.set(0, { resolve: resolve as (gives: unknown) => void, reject });
        worker.postMessage({ id: 0, method: "open", takes: { base, provider } } satisfies Request);
      });
      return new CharacterMaker(worker, waiting, readContract(opened.contract), provider);
    } catch (error) {
      worker.terminate();
      throw error;
    }
  }

  /** Finds the largest face of a photo and aligns it.
   *
   * @throws CharacterError `unreadable`, `no-face`, `too-small` or `turned`.
   */
  align(photo: Blob, signal?: AbortSignal): Promise<AlignedFace> {
    return this.call("align", { photo }, signal);
  }

  /** Generates a character from an aligned face. */
  async generate(
    face: { readonly picture: Picture; readonly shape?: Float32Array | undefined },
    options: Omit<GenerateOptions, "shape"> = {},
  ): Promise<Generation> {
    const { mode = "hybrid" as Mode, keep, fast = null, onProgress, signal } = options;
    const shape = face.shape ?? null;
    const kept = keep ? { values: keep.values, locked: [...keep.locked] } : null;
    const takes = { face: face.picture, mode, keep: kept, fast, shape };
    const made = await this.call("generate", takes, signal, onProgress);
    const parameters = new Parameters(this.schema, made.values, keep?.locked);
    return { parameters, probabilities: made.probabilities, mode, losses: made.losses };
  }

  /** Renders a character with the imitator. */
  render(parameters: Parameters): Promise<Picture> {
    return this.call("render", { values: parameters.values });
  }

  /** Loads graphs before they are needed, for example `["render"]`. */
  async load(graphs: readonly string[]): Promise<void> {
    await this.call("load", { graphs, finder: false });
  }

  /** Loads everything that is not loaded yet; from then on, nothing needs the network. */
  async loadAll(): Promise<void> {
    await this.call("load", { graphs: Object.keys(this.contract.graphs), finder: true });
  }

  /** Compares all graphs with their golden vectors on this device. */
  check(provider: Provider): Promise<GoldenResult> {
    return this.call("check", { provider });
  }

  /** Ends the worker; running calls fail. */
  close(): void {
    this.worker.terminate();
    for (const call of this.waiting.values()) call.reject(new Error("closed"));
    this.waiting.clear();
  }

  private call<M extends Method>(
    method: M,
    takes: Calls[M]["takes"],
    signal?: AbortSignal,
    onProgress?: (progress: Progress) => void,
  ): Promise<Calls[M]["gives"]> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (gives: unknown) => void, reject, onProgress });
      signal?.addEventListener("abort", () => this.worker.postMessage({ id, stop: true } satisfies Request));
      this.worker.postMessage({ id, method, takes });
      if (signal?.aborted) this.worker.postMessage({ id, stop: true } satisfies Request);
    });
  }
}
