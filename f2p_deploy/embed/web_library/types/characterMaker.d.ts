import { Parameters } from "./character/parameters.js";
import { Schema } from "./character/schema.js";
import type { Generation, GenerateOptions } from "./generator.js";
import { type GoldenResult, type PlainAlignedFace } from "./messages.js";
import { type Contract, type Provider } from "./networks/contract.js";
import type { Picture } from "./photo/picture.js";
/** A face of a photo, in the place of the average face, ready for `generate`. */
export type AlignedFace = PlainAlignedFace;
/** Options of `CharacterMaker.open`.
 *
 * @param provider - `wasm` (the default) or `webgpu`; the latter only after `check("webgpu")` has passed.
 * @param onLoading - called while files are loaded, with bytes so far and in all.
 */
export interface OpenOptions {
    readonly provider?: Provider;
    readonly onLoading?: (loading: {
        loaded: number;
        total: number;
    }) => void;
}
/** Makes characters from photos on the visitor's own device, in a worker. No photo leaves the device.
 *
 * @example
 *   const maker = await CharacterMaker.open("/character/model/");
 *   const face = await maker.align(file);
 *   const { parameters } = await maker.generate(face, { mode: "hybrid" });
 *   const picture = await maker.render(parameters);
 */
export declare class CharacterMaker {
    private readonly worker;
    readonly contract: Contract;
    readonly provider: Provider;
    readonly schema: Schema;
    private readonly waiting;
    private next;
    private constructor();
    /** Opens the models of a folder that `f2p-deploy embed web` has written.
     *
     * @param model - address of the folder with `contract.json`, with a slash at its end.
     * @throws CharacterError `missing` or `damaged`.
     */
    static open(model: string, options?: OpenOptions): Promise<CharacterMaker>;
    /** Finds the largest face of a photo and aligns it.
     *
     * @throws CharacterError `unreadable`, `no-face`, `too-small` or `turned`.
     */
    align(photo: Blob, signal?: AbortSignal): Promise<AlignedFace>;
    /** Generates a character from an aligned face. */
    generate(face: {
        readonly picture: Picture;
        readonly shape?: Float32Array | undefined;
    }, options?: Omit<GenerateOptions, "shape">): Promise<Generation>;
    /** Renders a character with the imitator. */
    render(parameters: Parameters): Promise<Picture>;
    /** Loads graphs before they are needed, for example `["render"]`. */
    load(graphs: readonly string[]): Promise<void>;
    /** Loads everything that is not loaded yet; from then on, nothing needs the network. */
    loadAll(): Promise<void>;
    /** Compares all graphs with their golden vectors on this device. */
    check(provider: Provider): Promise<GoldenResult>;
    /** Ends the worker; running calls fail. */
    close(): void;
    private call;
}
