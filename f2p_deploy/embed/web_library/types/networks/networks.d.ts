import type { Picture } from "../photo/picture.js";
/** The photo as the recognition and the segmentation network see it; the losses compare it. */
export interface Description {
    readonly identity: Float32Array;
    readonly content: Float32Array;
}
/** The inputs of one gradient step. */
export interface Step {
    /** Controllers in [0, 1], then unbounded logits of the discrete groups. */
    readonly state: Float32Array;
    /** The state of the step before; at first the state itself. */
    readonly before: Float32Array;
    /** 1 for entries that never change, 0 for the others. */
    readonly locked: Float32Array;
    readonly learningRate: number;
    readonly momentum: number;
    readonly beta: number;
    readonly discreteRate: number;
}
/** The outputs of one gradient step. */
export interface Stepped {
    readonly next: Float32Array;
    /** The loss at the look-ahead. */
    readonly loss: number;
    /** The state moved on by the momentum, at which the gradient was computed. */
    readonly lookahead: Float32Array;
}
/** Computes the graphs. */
export interface Networks {
    /** Loads graphs now instead of at their first use. */
    load(graphs: readonly string[]): Promise<void>;
    /** Returns the parameters of an aligned face: controllers in [0, 1], discrete groups as probabilities. */
    oneShot(face: Picture): Promise<Float32Array>;
    /** Returns the vectors that the losses compare. */
    describe(face: Picture): Promise<Description>;
    /** Returns the imitator's picture of parameters. */
    render(parameters: Float32Array): Promise<Picture>;
    /** Takes one gradient step towards a photo; through the shortcut if `fast`. */
    step(step: Step, photo: Description, fast: boolean): Promise<Stepped>;
    /** Returns the content losses (eq. 6) of characters beside a photo, through the shortcut.
     *
     * @param characters - exactly as many as the contract's `comparedAtOnce`.
     */
    compareFast(characters: readonly Float32Array[], photo: Description): Promise<Float32Array>;
}
