import type { Parameters } from "../character/parameters";
import type { Mode } from "../networks/contract";
import type { Picture } from "../photo/picture";
import type { Made, OpenedPhoto, SheetEntry } from "./backend";
import type { History } from "./history";
import type { Language } from "./texts";

/** What undo and redo go back and forth between. */
export interface Work {
  readonly parameters: Parameters;
  /** The values that the character had when it was made or opened. */
  readonly start: Float32Array;
}

/** The photo that characters are made from.
 *
 * @param file - the photo itself, to open it again after a reload; null if it came from the server.
 */
export interface Photo {
  readonly opened: OpenedPhoto;
  readonly name: string;
  readonly file: Blob | null;
}

/** Long work: what is done, how far it is, and what stops it. */
export interface Busy {
  readonly what: string;
  readonly done?: number | undefined;
  readonly total?: number | undefined;
  readonly loss?: number | undefined;
  readonly stop: () => void;
}

/** A sentence about an error, and what tries again if that may help. */
export interface Notice {
  readonly text: string;
  readonly retry: (() => void) | null;
}

/** What one mode made of the photo. */
export interface Choice {
  readonly mode: Mode;
  readonly made: Made | null;
  readonly picture: Picture | null;
}

/** Everything that the page shows. Never changes; the session makes new ones. */
export interface State {
  readonly history: History<Work>;
  /** The character as it was saved or opened last. */
  readonly saved: Parameters;
  readonly name: string;
  readonly photo: Photo | null;
  readonly mode: Mode;
  /** The picture of the present character, or the last one that was drawn. */
  readonly picture: Picture | null;
  readonly startPicture: Picture | null;
  /** The engine's picture of the present character. */
  readonly enginePicture: Picture | null;
  /** The character whose options may be drawn: the present one, once it has rested. */
  readonly rested: Parameters | null;
  readonly busy: Busy | null;
  readonly notice: Notice | null;
  /** What has been done last; shown for a while, and said by screen readers. */
  readonly status: string;
  /** Whether the picture shows the present character; said by screen readers once it rests. */
  readonly drawn: boolean;
  readonly view: "editor" | "sheet";
  readonly comparing: boolean;
  readonly holdingStart: boolean;
  readonly dialog: "camera" | "modes" | "help" | "overwrite" | "removed" | null;
  readonly choices: readonly Choice[];
  /** Waits for an answer about changes that are not saved. */
  readonly leaving: (() => void) | null;
  readonly sheet: readonly SheetEntry[] | null;
  /** The entry of the sheet that is being edited. */
  readonly entry: string | null;
  readonly language: Language;
}
