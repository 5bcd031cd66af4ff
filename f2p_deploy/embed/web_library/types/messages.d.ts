import { type ErrorKind } from "./errors.js";
import type { Mode, Provider } from "./networks/contract.js";
import type { Progress } from "./search/search.js";
import type { Landmarks } from "./photo/landmarks.js";
import type { Picture } from "./photo/picture.js";
import type { Warning } from "./photo/alignment.js";
/** A character as plain data, for messages. */
export interface PlainParameters {
    readonly values: Float32Array;
    readonly locked: readonly string[];
}
/** The calls that the worker takes: the arguments and the result of each. */
export interface Calls {
    open: {
        takes: {
            base: string;
            provider: Provider;
        };
        gives: {
            contract: string;
            provider: Provider;
        };
    };
    /** Loads graphs, and the face finder, before they are needed. */
    load: {
        takes: {
            graphs: readonly string[];
            finder: boolean;
        };
        gives: null;
    };
    align: {
        takes: {
            photo: Blob;
        };
        gives: PlainAlignedFace;
    };
    generate: {
        takes: {
            face: Picture;
            mode: Mode;
            keep: PlainParameters | null;
            fast: boolean | null;
            shape: Float32Array | null;
        };
        gives: {
            values: Float32Array;
            probabilities: Float32Array;
            losses: readonly number[];
        };
    };
    render: {
        takes: {
            values: Float32Array;
        };
        gives: Picture;
    };
    /** Compares every graph's golden vectors with the results of this device. */
    check: {
        takes: {
            provider: Provider;
        };
        gives: GoldenResult;
    };
}
/** One comparison of a graph's outputs with its golden vectors, on the worst sample. */
export interface Measure {
    readonly name: string;
    readonly value: number;
    readonly floor: number;
    /** `lower` if the value must not exceed the floor, `higher` if it must not be below it. */
    readonly better: "lower" | "higher";
}
/** The comparisons of one graph, and why it did not run at all, if it did not. */
export interface GoldenGraphResult {
    readonly passed: boolean;
    readonly measures: readonly Measure[];
    readonly error?: string;
}
/** The result of `check`. */
export interface GoldenResult {
    readonly passed: boolean;
    readonly provider: Provider;
    readonly graphs: Readonly<Record<string, GoldenGraphResult>>;
}
/** An aligned face, and where it was found in the photo. */
export interface PlainAlignedFace {
    readonly picture: Picture;
    /** Number of faces in the photo. */
    readonly faces: number;
    readonly landmarks: Landmarks;
    readonly warnings: readonly Warning[];
    /** The shape vector of the face, for searches that compare it. */
    readonly shape?: Float32Array | undefined;
    readonly mode: Mode;
}
export type Method = keyof Calls;
/** A call, or the wish to stop one. */
export type Request = {
    readonly [M in Method]: {
        readonly id: number;
        readonly method: M;
        readonly takes: Calls[M]["takes"];
    };
}[Method] | {
    readonly id: number;
    readonly stop: true;
};
/** The worker's answers; `loading` belongs to no call. */
export type Answer = {
    readonly id: number;
    readonly gives: unknown;
} | {
    readonly id: number;
    readonly error: PlainError;
} | {
    readonly id: number;
    readonly progress: Progress;
} | {
    readonly loading: {
        readonly loaded: number;
        readonly total: number;
    };
};
/** An error as plain data. */
export interface PlainError {
    readonly kind: ErrorKind | "";
    readonly message: string;
    readonly values: Readonly<Record<string, string | number>>;
    readonly code: string;
}
/** Returns an error as plain data. */
export declare function plainError(error: unknown): PlainError;
/** Returns the error of plain data. */
export declare function errorOf(plain: PlainError): Error;
