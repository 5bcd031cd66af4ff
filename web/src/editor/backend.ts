import type { Parameters } from "../character/parameters";
import type { Schema } from "../character/schema";
import type { Mode } from "../networks/contract";
import type { Warning } from "../photo/alignment";
import type { Picture } from "../photo/picture";
import type { Progress } from "../search/search";

/** A photo whose face was found and aligned.
 *
 * @param id - names the aligned face for `make`.
 * @param face - the aligned face.
 * @param faces - number of faces in the photo.
 * @param suits - the mode that suits the photo.
 */
export interface OpenedPhoto {
  readonly id: string;
  readonly face: Picture;
  readonly faces: number;
  readonly warnings: readonly Warning[];
  readonly suits: Mode;
}

/** A character that a mode made.
 *
 * @param probabilities - discrete groups as the probabilities that the networks gave.
 */
export interface Made {
  readonly parameters: Parameters;
  readonly probabilities: Float32Array;
  readonly losses: readonly number[];
}

/** What was opened when the page started: nothing, a photo, a character, or a folder. */
export interface Start {
  readonly parameters?: Parameters | undefined;
  readonly photo?: OpenedPhoto | undefined;
  /** The name shown for it, such as the file's. */
  readonly name?: string | undefined;
  /** The entries of a folder, in its order. */
  readonly sheet?: readonly SheetEntry[] | undefined;
}

/** One character of a folder on the contact sheet. */
export interface SheetEntry {
  readonly name: string;
  /** `open`: not looked at; `kept`; `changed`: edited and saved. */
  readonly state: "open" | "kept" | "changed";
  /** Whether there is a photo beside the character. */
  readonly photo: boolean;
}

/** Computes for the page: in this browser, or on the server of `f2p-deploy edit`. All errors are `CharacterError`s. */
export interface Backend {
  readonly kind: "browser" | "server";
  readonly schema: Schema;
  /** Edge of pictures and aligned faces in pixels. */
  readonly imageSize: number;
  /** Controllers that no network reads. */
  readonly unread: readonly string[];
  readonly modes: readonly Mode[];
  /** The name of the bundle, and what computes, for the page's foot. */
  readonly bundle: string;
  readonly computedBy: string;
  /** Whether `drawWithEngine` works; its name. */
  readonly engine: string | null;
  readonly start: Start;

  /** Finds and aligns the largest face of a photo. */
  openPhoto(photo: Blob, name: string, signal: AbortSignal): Promise<OpenedPhoto>;

  /** Makes a character from an opened photo; locked values of `keep` stay. */
  make(
    photo: OpenedPhoto,
    mode: Mode,
    keep: Parameters | null,
    onProgress: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<Made>;

  /** Draws a character with the imitator. Calls are answered in order. */
  draw(parameters: Parameters, signal?: AbortSignal): Promise<Picture>;

  /** Draws a character with the engine. */
  drawWithEngine(parameters: Parameters, signal: AbortSignal): Promise<Picture>;

  /** Saves where the character came from, on the server; null in the browser, where saving is a download. */
  readonly save: ((parameters: Parameters) => Promise<string>) | null;

  /** Opens an entry of the contact sheet. */
  openEntry(name: string, signal: AbortSignal): Promise<{ parameters: Parameters; photo: OpenedPhoto | null }>;

  /** Draws the small picture of an entry of the contact sheet. */
  thumbnail(name: string, signal: AbortSignal): Promise<Picture>;

  /** Notes that an entry is kept, or open again. */
  setKept(name: string, kept: boolean): Promise<void>;
}
