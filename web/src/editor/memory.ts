import type { State, Work } from "./state";
import { Parameters } from "../character/parameters";
import type { Schema } from "../character/schema";
import type { History } from "./history";
import type { Session } from "./session";

const DATABASE = "f2p-deploy-editor";
const TABLE = "works";
/** How long the work of a closed tab is kept on this device, in milliseconds. */
const KEPT = 24 * 60 * 60 * 1000;
/** How long the work rests before it is kept, in milliseconds. */
const PAUSE = 400;
/** Entries of the history that are kept. */
const DEPTH = 50;

/** A character as plain data. */
interface PlainCharacter {
  readonly values: Float32Array;
  readonly locked: readonly string[];
}

interface PlainWork extends PlainCharacter {
  readonly start: Float32Array;
}

/** A work as this device keeps it over a reload. */
export interface PlainState {
  readonly time: number;
  readonly fingerprint: string;
  /** What the page had opened at its start: another one's work is not brought back. */
  readonly opened: string;
  readonly present: PlainWork;
  readonly past: readonly { state: PlainWork; change: string }[];
  readonly future: readonly { state: PlainWork; change: string }[];
  readonly saved: PlainCharacter;
  readonly name: string;
  readonly entry: string | null;
  readonly view: State["view"];
  readonly mode: State["mode"];
  readonly photo: { readonly file: Blob; readonly name: string } | null;
}

/** Returns a work as plain data. */
export function toPlain(state: State, schema: Schema, opened: string): PlainState {
  const { history, photo } = state;
  return {
    time: Date.now(),
    fingerprint: schema.fingerprint,
    opened,
    present: plainWork(history.present),
    past: history.past.slice(-DEPTH).map(({ state: work, change }) => ({ state: plainWork(work), change })),
    future: history.future.slice(0, DEPTH).map(({ state: work, change }) => ({ state: plainWork(work), change })),
    saved: plainCharacter(state.saved),
    name: state.name,
    entry: state.entry,
    view: state.view,
    mode: state.mode,
    photo: photo?.file ? { file: photo.file, name: photo.name } : null,
  };
}

/** Returns the state of a kept work, but for its photo, which is to be opened again. */
export function fromPlain(plain: PlainState, schema: Schema): Partial<State> {
  const work = (one: PlainWork): Work => ({ parameters: character(one, schema), start: one.start });
  const entries = (all: PlainState["past"]) => all.map(({ state, change }) => ({ state: work(state), change }));
  const present = work(plain.present);
  const history: History<Work> = { past: entries(plain.past), present, future: entries(plain.future), gesture: null };
  const { name, entry, view, mode } = plain;
  return { history, saved: character(plain.saved, schema), name, entry, view, mode };
}

/** Keeps the work of this tab on this device, so that it survives a reload, and brings it back. Without a database
 * (some private windows) the work does not survive. */
export class Memory {
  private waiting: ReturnType<typeof setTimeout> | undefined;

  private constructor(
    private readonly database: IDBDatabase | null,
    private readonly tab: string,
  ) {}

  static async open(): Promise<Memory> {
    try {
      const tab = sessionStorage.getItem(DATABASE) ?? crypto.randomUUID?.() ?? String(Math.random());
      sessionStorage.setItem(DATABASE, tab);
      const opening = indexedDB.open(DATABASE, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE);
      const memory = new Memory(await answer(opening), tab);
      await memory.forgetOld();
      return memory;
    } catch {
      return new Memory(null, "");
    }
  }

  /** Returns the work of this tab from before a reload, if it belongs to what is open now. */
  async restore(schema: Schema, opened: string): Promise<PlainState | null> {
    const plain = await this.ask<PlainState>("readonly", (table) => table.get(this.tab));
    return plain?.fingerprint === schema.fingerprint && plain.opened === opened ? plain : null;
  }

  /** Keeps the session's work from now on, a moment after every change. */
  follow(session: Session, opened: string): void {
    let kept = session.state;
    const keep = () => {
      const { state } = session;
      const same = (Object.keys(kept) as (keyof State)[]).every(
        (key) => kept[key] === state[key] || !["history", "saved", "photo", "name", "view", "mode"].includes(key),
      );
      kept = state;
      if (same) return;
      clearTimeout(this.waiting);
      const store = () => {
        const plain = toPlain(session.state, session.backend.schema, opened);
        return void this.ask("readwrite", (table) => table.put(plain, this.tab));
      };
      this.waiting = setTimeout(store, PAUSE);
    };
    session.subscribe(keep);
  }

  private async forgetOld(): Promise<void> {
    const keys = (await this.ask<IDBValidKey[]>("readonly", (table) => table.getAllKeys())) ?? [];
    for (const key of keys) {
      const plain = await this.ask<PlainState>("readonly", (table) => table.get(key));
      if (plain && Date.now() - plain.time > KEPT) await this.ask("readwrite", (table) => table.delete(key));
    }
  }

  private async ask<T>(
    mode: IDBTransactionMode,
    request: (table: IDBObjectStore) => IDBRequest,
  ): Promise<T | undefined> {
    try {
      const table = this.database?.transaction(TABLE, mode).objectStore(TABLE);
      return table ? ((await answer(request(table))) as T) : undefined;
    } catch {
      return undefined;
    }
  }
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the database gave no answer"));
  });
}

function plainCharacter({ values, locked }: Parameters): PlainCharacter {
  return { values, locked: [...locked] };
}

function plainWork({ parameters, start }: Work): PlainWork {
  return { ...plainCharacter(parameters), start };
}

function character({ values, locked }: PlainCharacter, schema: Schema): Parameters {
  return new Parameters(schema, values, new Set(locked));
}
