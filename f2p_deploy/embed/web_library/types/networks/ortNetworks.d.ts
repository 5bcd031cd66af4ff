import type { InferenceSession, Tensor } from "onnxruntime-common";
import { type Picture } from "../photo/picture";
import type { Contract } from "./contract";
import type { Description, Networks, Step, Stepped } from "./networks";
import type { FileStore } from "./store";
/** The hardware that computes: the processor through WebAssembly, or the graphics card through WebGPU. */
export type Provider = "wasm" | "webgpu";
/** The module of onnxruntime-web, as far as it is used here. */
export interface Ort {
    readonly InferenceSession: typeof InferenceSession;
    readonly Tensor: typeof Tensor;
    readonly env: {
        wasm: {
            numThreads?: number;
            wasmPaths?: string;
        };
        logLevel?: string;
    };
}
/** Loads onnxruntime-web from the files beside the page.
 *
 * @param folder - address of the folder with onnxruntime-web's files, with a slash at its end.
 * @param provider - decides which build is loaded; the one for WebGPU is larger.
 */
export declare function loadOrt(folder: string, provider: Provider): Promise<Ort>;
/** Runs the graphs with onnxruntime-web, one call at a time. */
export declare class OrtNetworks implements Networks {
    private readonly ort;
    private readonly contract;
    private readonly files;
    readonly provider: Provider;
    private readonly sessions;
    private last;
    constructor(ort: Ort, contract: Contract, files: FileStore, provider: Provider);
    load(graphs: readonly string[]): Promise<void>;
    oneShot(face: Picture): Promise<Float32Array>;
    describe(face: Picture): Promise<Description>;
    render(parameters: Float32Array): Promise<Picture>;
    step(step: Step, photo: Description, fast: boolean): Promise<Stepped>;
    compareFast(characters: readonly Float32Array[], photo: Description): Promise<Float32Array>;
    /** Runs one graph; all tensors are float32, in the shapes of the contract.
     *
     * @throws CharacterError `missing`: there is no such graph; `damaged`: it computed NaN.
     */
    run(graph: string, inputs: Record<string, Float32Array>): Promise<Record<string, Float32Array>>;
    private runNow;
    private session;
    private open;
}
