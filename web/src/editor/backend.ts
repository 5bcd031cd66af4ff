import type { Parameters } from "../character/parameters";
import type { Schema } from "../character/schema";
import type { Mode } from "../networks/contract";
import type { Provider } from "../networks/contract";
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
  /** A photo's file to open as if it were dropped on the page. */
  readonly dropped?: { readonly file: Blob; readonly name: string } | undefined;
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

/** Where `save` writes.
 *
 * @param entry - the entry of the contact sheet that was edited; null for the character of the start.
 * @param overwrite - also if the file was changed or removed on the disk since it was opened.
 */
export interface SaveOptions {
  readonly entry: string | null;
  readonly overwrite?: boolean | undefined;
}

/** A saved character: its file, and the error that kept the contact sheet from noting it, if there is one. */
export interface Saved {
  readonly path: string;
  readonly warning: Error | null;
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

  /** Draws a character with the imitator. Calls are answered in order; one that was stopped before it began is not drawn. */
  draw(parameters: Parameters, signal?: AbortSignal): Promise<Picture>;

  /** Draws a character with the engine. */
  drawWithEngine(parameters: Parameters, signal: AbortSignal): Promise<Picture>;

  /** Saves where the character came from, on the server; an entry is `changed` then. Null
   * where saving is a download: in the browser, and on a server that was started with a photo or with nothing.
   * Rejects with the code `changedOnDisk` if the file is not as it was when it was opened: ask, then `overwrite`.
   */
  readonly save: ((parameters: Parameters, options: SaveOptions) => Promise<Saved>) | null;

  /** Returns what can compute in this browser, the graphics card only after a check; not there on the server. */
  providers?(): Promise<readonly Provider[]>;

  /** Computes with other hardware from now on. */
  computeWith?(provider: Provider): Promise<void>;

  /** Resolves when the server has ended, after which every call rejects; not there in the browser. */
  readonly ended?: Promise<void> | undefined;

  /** Opens an entry of the contact sheet. */
  openEntry(name: string, signal: AbortSignal): Promise<{ parameters: Parameters; photo: OpenedPhoto | null }>;

  /** Draws the small picture of an entry of the contact sheet. */
  thumbnail(name: string, signal: AbortSignal): Promise<Picture>;

  /** Returns the face of an entry's photo, small. */
  entryFace(name: string, signal: AbortSignal): Promise<Picture>;

  /** Notes that an entry is kept, or open again. */
  setKept(name: string, kept: boolean): Promise<void>;
}
