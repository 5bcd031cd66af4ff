/** The kinds of errors, for programs: what went wrong. */
export type ErrorKind =
  | "no-face"
  | "too-small"
  | "turned"
  | "unreadable"
  | "invalid-input"
  | "missing"
  | "damaged"
  | "stopped";

/** An error with a kind for programs and a sentence in English for people.
 *
 * @param kind - what went wrong.
 * @param message - one sentence: what was asked, what was found, what to do.
 * @param values - the numbers and names in the sentence, for a translation of it.
 */
export class CharacterError extends Error {
  constructor(
    readonly kind: ErrorKind,
    message: string,
    readonly values: Readonly<Record<string, string | number>> = {},
    /** Names the sentence in the page's texts; empty for one that has no translation. */
    readonly code: string = "",
  ) {
    super(message);
    this.name = "CharacterError";
  }
}

/** Throws a `CharacterError` of the kind `stopped` if a signal says so. */
export function throwIfStopped(signal?: AbortSignal): void {
  if (signal?.aborted) throw new CharacterError("stopped", "stopped", {}, "stopped");
}
