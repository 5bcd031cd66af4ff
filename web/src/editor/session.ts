import { CharacterError } from "../errors";
import { Parameters } from "../character/parameters";
import type { Picture } from "../photo/picture";
import type { Progress } from "../search/search";
import type { Backend } from "./backend";
import { sameCharacter } from "./changes";
import { DrawQueue } from "./drawQueue";
import { begin, changed, ended, redone, undone } from "./history";
import { sayIn, sentenceOf, type Say } from "./language";
import type { State, Work } from "./state";
import type { Language } from "./texts";

/** How long the character stays as it is before its options are drawn, in milliseconds. */
const REST = 700;

/** How long the page shows what has been done, in milliseconds. */
const TOLD = 8000;

/** Codes of errors after which trying again may help. */
const UNANSWERED = ["unreachable", "serverEnded"];

/** The state of the page and what changes it. Draws the character after every change. */
export class Session {
  readonly queue: DrawQueue;
  /** Pictures of the contact sheet by name, so that coming back to it draws only what was changed. */
  readonly thumbnails = new Map<string, Picture>();
  state: State;
  private readonly listeners = new Set<() => void>();
  private resting: ReturnType<typeof setTimeout> | undefined;
  private telling: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly backend: Backend,
    language: Language,
  ) {
    this.queue = new DrawQueue((error) => {
      // A newer drawing has taken the place of this one.
      if (!isStopped(error)) this.fail(error, () => this.draw());
    });
    const { start, schema } = backend;
    const parameters = start.parameters ?? new Parameters(schema, schema.average());
    this.state = {
      history: begin({ parameters, start: parameters.values }),
      saved: parameters,
      name: start.name ?? "",
      photo: start.photo ? { opened: start.photo, name: start.name ?? "", file: null } : null,
      mode: start.photo?.suits ?? (backend.modes.includes("hybrid") ? "hybrid" : backend.modes[0]),
      picture: null,
      startPicture: null,
      enginePicture: null,
      rested: null,
      busy: null,
      notice: null,
      status: "",
      drawn: false,
      view: start.sheet ? "sheet" : "editor",
      comparing: false,
      holdingStart: false,
      dialog: null,
      choices: [],
      leaving: null,
      sheet: start.sheet ?? null,
      entry: null,
      language,
    };
    const gone = new CharacterError("missing", "the server has ended", {}, "serverEnded");
    void backend.ended?.then(() => this.fail(gone, () => this.draw()));
  }

  /** Calls a function after every change of the state. Returns what ends that. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Changes parts of the state. */
  set(patch: Partial<State>): void {
    this.state = { ...this.state, ...patch };
    for (const listener of this.listeners) listener();
  }

  get say(): Say {
    return sayIn(this.state.language);
  }

  get parameters(): Parameters {
    return this.state.history.present.parameters;
  }

  /** Whether the character differs from the one that was saved or opened. */
  get unsaved(): boolean {
    return !sameCharacter(this.parameters, this.state.saved);
  }

  /** Changes the character.
   *
   * @param change - its name for undo.
   * @param gesture - changes in a row with the same gesture are undone at once.
   */
  change(parameters: Parameters, change: string, gesture: string | null = null): void {
    this.changeWork({ parameters, start: this.state.history.present.start }, change, gesture);
  }

  /** Changes the character to one that was made or opened: it is the start from now on. */
  begin(parameters: Parameters, change: string): void {
    this.changeWork({ parameters, start: parameters.values }, change, null);
  }

  /** Begins another work, without undo to the one before. */
  replace(parameters: Parameters, patch: Partial<State>): void {
    this.queue.clear();
    this.set({
      history: begin({ parameters, start: parameters.values }),
      saved: parameters,
      picture: null,
      startPicture: null,
      ...patch,
    });
    this.draw();
  }

  endGesture(): void {
    const history = ended(this.state.history);
    if (history !== this.state.history) this.set({ history });
  }

  undo(): void {
    this.travel(undone(this.state.history));
  }

  redo(): void {
    this.travel(redone(this.state.history));
  }

  /** Shows for a while what has been done, and says it to screen readers; the same sentence twice is said twice. */
  tell(status: string): void {
    this.set({ status: status === this.state.status ? `${status}\u00a0` : status });
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.set({ status: "" }), TOLD);
  }

  /** Shows an error. */
  fail(error: unknown, retry: () => void): void {
    if (isStopped(error)) return this.tell(this.say("stopped"));
    const again = error instanceof CharacterError && UNANSWERED.includes(error.code) ? retry : null;
    // A window above the page would hide the sentence.
    this.set({ notice: { text: sentenceOf(error, this.say), retry: again }, dialog: null });
  }

  /** Runs long work that can be stopped, one at a time; errors are shown.
   *
   * @param what - says what is done.
   * @returns whether it was done.
   */
  async run(
    what: string,
    work: (signal: AbortSignal, onProgress: (progress: Progress) => void) => Promise<void>,
  ): Promise<boolean> {
    this.state.busy?.stop();
    const stop = new AbortController();
    const busy = { what, stop: () => stop.abort() };
    this.set({ busy, notice: null });
    const isCurrent = () => this.state.busy?.stop === busy.stop;
    try {
      await work(stop.signal, (progress) => {
        if (isCurrent()) this.set({ busy: { ...busy, ...progress } });
      });
      return !stop.signal.aborted;
    } catch (error) {
      // Other work that takes the place of this one says itself what it does.
      if (!stop.signal.aborted) this.fail(error, () => void this.run(what, work));
      else if (isCurrent()) this.tell(this.say("stopped"));
      return false;
    } finally {
      if (isCurrent()) this.set({ busy: null });
    }
  }

  /** Draws the present character, and the start once nothing else is wanted. */
  draw(): void {
    const work = this.state.history.present;
    const isPresent = () => this.state.history.present.parameters.values === work.parameters.values;
    this.queue.drawPresent(
      (signal) => this.backend.draw(work.parameters, signal),
      (picture) => {
        const isStart = work.parameters.values === work.start;
        this.set({ picture, drawn: isPresent(), ...(isStart ? { startPicture: picture } : {}) });
        if (!isStart && !this.state.startPicture) this.drawStart(work);
      },
    );
    this.set({ rested: null, drawn: false });
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      if (isPresent()) this.set({ rested: this.parameters });
    }, REST);
  }

  private drawStart({ start }: Work): void {
    const parameters = new Parameters(this.backend.schema, start);
    const show = (startPicture: Picture) => {
      if (this.state.history.present.start === start) this.set({ startPicture });
    };
    this.queue.drawThumbnail((signal) => this.backend.draw(parameters, signal), show);
  }

  private changeWork(work: Work, change: string, gesture: string | null): void {
    const { history } = this.state;
    if (sameCharacter(work.parameters, history.present.parameters) && work.start === history.present.start) return;
    this.travel(changed(history, work, change, gesture));
  }

  private travel(history: State["history"]): void {
    const before = this.state.history.present;
    const { present } = history;
    if (present === before) return;
    this.set({ history, ...(present.start === before.start ? {} : { startPicture: null }) });
    if (present.parameters.values === before.parameters.values) return;
    this.set({ enginePicture: null });
    this.draw();
  }
}

function isStopped(error: unknown): boolean {
  return error instanceof CharacterError && error.kind === "stopped";
}
