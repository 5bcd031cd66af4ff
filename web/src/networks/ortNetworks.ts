import type { InferenceSession, Tensor } from "onnxruntime-common";
import { CharacterError } from "../errors";
import { fromPlanes, toPlanes, type Picture } from "../photo/picture";
import type { Contract, Provider } from "./contract";
import type { Description, Networks, Step, Stepped } from "./networks";
import { importFile } from "./serverFile";
import type { FileStore } from "./store";

/** The module of onnxruntime-web, as far as it is used here. */
export interface Ort {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof Tensor;
  readonly env: { wasm: { numThreads?: number; wasmPaths?: string }; logLevel?: string };
}

/** Loads onnxruntime-web from the files beside the page.
 *
 * @param folder - address of the folder with onnxruntime-web's files, with a slash at its end.
 * @param provider - decides which build is loaded; the one for WebGPU is larger.
 */
export async function loadOrt(folder: string, provider: Provider): Promise<Ort> {
  const file = provider === "webgpu" ? "ort.webgpu.min.mjs" : "ort.wasm.min.mjs";
  const ort = (await importFile(folder, file)) as Ort;
  ort.env.wasm.wasmPaths = folder;
  // More than one thread needs shared memory, which browsers give to cross-origin isolated pages only.
  ort.env.wasm.numThreads = globalThis.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;
  return ort;
}

/** Runs the graphs with onnxruntime-web, one call at a time. */
export class OrtNetworks implements Networks {
  private readonly sessions = new Map<string, Promise<InferenceSession>>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly ort: Ort,
    private readonly contract: Contract,
    private readonly files: FileStore,
    readonly provider: Provider,
  ) {}

  async load(graphs: readonly string[]): Promise<void> {
    for (const graph of graphs) await this.session(graph);
  }

  async oneShot(face: Picture): Promise<Float32Array> {
    return (await this.run("one_shot", { face: toPlanes(face) }))["parameters"];
  }

  async describe(face: Picture): Promise<Description> {
    const { identity, content } = await this.run("describe", { face: toPlanes(face) });
    return { identity, content };
  }

  async render(parameters: Float32Array): Promise<Picture> {
    return fromPlanes((await this.run("render", { parameters }))["image"], this.contract.imageSize);
  }

  async step(step: Step, photo: Description, fast: boolean): Promise<Stepped> {
    const outputs = await this.run(fast ? "step_fast" : "step", {
      state: step.state,
      before: step.before,
      identity: photo.identity,
      content: photo.content,
      locked: step.locked,
      learning_rate: Float32Array.of(step.learningRate),
      momentum: Float32Array.of(step.momentum),
      beta: Float32Array.of(step.beta),
      discrete_rate: Float32Array.of(step.discreteRate),
    });
    return { next: outputs["next_state"], loss: outputs["loss"][0], lookahead: outputs["lookahead"] };
  }

  async compareFast(characters: readonly Float32Array[], photo: Description): Promise<Float32Array> {
    const parameters = new Float32Array(characters.length * characters[0].length);
    characters.forEach((character, i) => parameters.set(character, i * character.length));
    const outputs = await this.run("compare_fast", { parameters, identity: photo.identity, content: photo.content });
    return outputs["content_loss"];
  }

  /** Runs one graph; all tensors are float32, in the shapes of the contract.
   *
   * @throws CharacterError `missing`: there is no such graph; `damaged`: it computed NaN.
   */
  run(graph: string, inputs: Record<string, Float32Array>): Promise<Record<string, Float32Array>> {
    const turn = this.last.then(() => this.runNow(graph, inputs));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private async runNow(graph: string, inputs: Record<string, Float32Array>): Promise<Record<string, Float32Array>> {
    await messagesTaken();
    const session = await this.session(graph);
    const feeds: Record<string, Tensor> = {};
    for (const { name, shape } of this.contract.graphs[graph].inputs) {
      feeds[name] = new this.ort.Tensor("float32", inputs[name], shape);
    }
    const outputs = await session.run(feeds);
    const found: Record<string, Float32Array> = {};
    for (const [name, tensor] of Object.entries(outputs)) {
      found[name] = (tensor.data as Float32Array).slice();
      tensor.dispose();
    }
    if (Object.values(found).some((values) => !values.every(Number.isFinite))) {
      throw new CharacterError("damaged", `${graph} computed numbers that are not finite`, { name: graph }, "notFinite");
    }
    return found;
  }

  private session(graph: string): Promise<InferenceSession> {
    let opening = this.sessions.get(graph);
    if (!opening) {
      opening = this.open(graph);
      this.sessions.set(graph, opening);
      opening.catch(() => this.sessions.delete(graph));
    }
    return opening;
  }

  private async open(graph: string): Promise<InferenceSession> {
    const entry = this.contract.graphs[graph];
    if (!entry) throw new CharacterError("missing", `the folder has no graph '${graph}'`);
    const externalData = [];
    for (const path of entry.weights) externalData.push({ path, data: await this.files.read(path) });
    const model = await this.files.read(entry.file);
    const session = await this.ort.InferenceSession.create(model, {
      executionProviders: [this.provider],
      externalData,
      logSeverityLevel: 3,
    }).catch((error: unknown) => {
      const reason = (error instanceof Error ? error.message : String(error)).split("\n")[0].slice(0, 200);
      const message = `onnxruntime-web does not start here (${reason}): copy the whole folder again, or use another browser`;
      throw new CharacterError("missing", message, { reason }, "noRuntime");
    });
    for (const name of [entry.file, ...entry.weights]) this.files.release(name);
    return session;
  }
}

/** Lets the worker take the messages that have come: a call in WebAssembly blocks it, and awaiting one does not help. */
function messagesTaken(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
