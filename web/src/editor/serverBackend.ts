import { Parameters } from "../character/parameters";
import { Schema, type SchemaData } from "../character/schema";
import { CharacterError } from "../errors";
import { errorOf, type PlainError } from "../messages";
import type { Mode } from "../networks/contract";
import type { Warning } from "../photo/alignment";
import { fromRgb, type Picture } from "../photo/picture";
import type { Progress } from "../search/search";
import type { Backend, Made, OpenedPhoto, Saved, SaveOptions, SheetEntry, Start } from "./backend";

/** A character as the server sends and takes it. */
interface ServerParameters {
  readonly values: readonly number[];
  readonly locked: readonly string[];
}

/** An aligned face as the server describes it; its pixels are at `api/face/ID`. */
interface ServerPhoto {
  readonly id: string;
  readonly faces: number;
  readonly warnings: readonly Warning[];
  readonly suits: Mode;
}

/** A character of a file; the version says whether the file was changed since. */
interface ServerCharacter {
  readonly parameters: ServerParameters;
  readonly version: string;
  readonly photo: ServerPhoto | null;
}

/** The answer of `api/session`. */
export interface ServerSession {
  readonly schema: SchemaData;
  readonly imageSize: number;
  readonly unread: readonly string[];
  readonly modes: readonly Mode[];
  readonly bundle: string;
  readonly computedBy: string;
  readonly engine: string | null;
  readonly saves: boolean;
  readonly start: Partial<ServerCharacter> & {
    readonly name?: string;
    /** The name of a photo's file, which is at `api/dropped`. */
    readonly dropped?: string;
    readonly sheet?: readonly SheetEntry[];
  };
}

/** A line of an answer that comes in lines. */
type Line<P, R> = { readonly progress: P } | { readonly result: R } | { readonly error: PlainError };

/** Largest photo in bytes that the server takes. */
const MOST_PHOTO_BYTES = 64 * 2 ** 20;

/** Computes on the server of `f2p-deploy edit`. */
export class ServerBackend implements Backend {
  readonly kind = "server";
  readonly schema: Schema;
  readonly imageSize: number;
  readonly unread: readonly string[];
  readonly modes: readonly Mode[];
  readonly bundle: string;
  readonly computedBy: string;
  readonly engine: string | null;
  readonly save: ((parameters: Parameters, options: SaveOptions) => Promise<Saved>) | null;
  readonly ended: Promise<void>;
  /** Versions of the files that were opened: by the entry's name, and by null for the character of the start. */
  private readonly versions = new Map<string | null, string>();

  private constructor(
    private readonly server: Server,
    session: ServerSession,
    readonly start: Start,
  ) {
    this.schema = new Schema(session.schema);
    this.imageSize = session.imageSize;
    this.unread = session.unread;
    this.modes = session.modes;
    this.bundle = session.bundle;
    this.computedBy = session.computedBy;
    this.engine = session.engine;
    if (session.start.version !== undefined) this.versions.set(null, session.start.version);
    this.save = session.saves ? (parameters, options) => this.saveTo(parameters, options) : null;
    this.ended = server.ended();
  }

  /** Waits until the server has loaded its networks, and returns what it opened.
   *
   * @param base - address of the server.
   */
  static async open(base: string): Promise<ServerBackend> {
    const server = new Server(base);
    const session = (await (await server.call("api/session")).json()) as ServerSession;
    const { parameters, photo, dropped, name, sheet } = session.start;
    const start: Start = {
      name,
      sheet,
      parameters: parameters && parametersOf(new Schema(session.schema), parameters),
      photo: (photo && (await server.photo(photo))) ?? undefined,
      dropped:
        dropped === undefined ? undefined : { name: dropped, file: await (await server.call("api/dropped")).blob() },
    };
    return new ServerBackend(server, session, start);
  }

  async openPhoto(photo: Blob, name: string, signal: AbortSignal): Promise<OpenedPhoto> {
    // The server refuses it, too, but a browser that still sends may miss the answer.
    if (photo.size > MOST_PHOTO_BYTES) {
      const most = MOST_PHOTO_BYTES / 2 ** 20;
      throw new CharacterError("unreadable", `${name}: a photo has at most ${most} MB`, { name, most }, "tooLarge");
    }
    const address = `api/photo?name=${encodeURIComponent(name)}`;
    const response = await this.server.call(address, { method: "POST", body: photo, signal });
    return this.server.photo((await response.json()) as ServerPhoto, signal);
  }

  async make(
    photo: OpenedPhoto,
    mode: Mode,
    keep: Parameters | null,
    onProgress: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<Made> {
    const response = await this.server.post("api/make", { photo: photo.id, mode, keep: keep && plain(keep) }, signal);
    type Result = { values: number[]; probabilities: number[]; losses: number[] };
    const made = await this.server.lines<Progress, Result>(response, onProgress);
    const parameters = new Parameters(this.schema, Float32Array.from(made.values), keep?.locked);
    return { parameters, probabilities: Float32Array.from(made.probabilities), losses: made.losses };
  }

  draw(parameters: Parameters, signal?: AbortSignal): Promise<Picture> {
    return this.server.draw("api/draw", parameters, signal);
  }

  drawWithEngine(parameters: Parameters, signal: AbortSignal): Promise<Picture> {
    return this.server.draw("api/engine", parameters, signal);
  }

  async openEntry(name: string, signal: AbortSignal): Promise<{ parameters: Parameters; photo: OpenedPhoto | null }> {
    const response = await this.server.call(`api/entry/${encodeURIComponent(name)}`, { signal });
    const { parameters, version, photo } = (await response.json()) as ServerCharacter;
    this.versions.set(name, version);
    return {
      parameters: parametersOf(this.schema, parameters),
      photo: photo && (await this.server.photo(photo, signal)),
    };
  }

  entryFace(name: string, signal: AbortSignal): Promise<Picture> {
    return this.server.picture(`api/entry-face/${encodeURIComponent(name)}`, { signal });
  }

  thumbnail(name: string, signal: AbortSignal): Promise<Picture> {
    return this.server.picture(`api/thumbnail/${encodeURIComponent(name)}`, { signal });
  }

  async setKept(name: string, kept: boolean): Promise<void> {
    await this.server.post("api/kept", { name, kept });
  }

  private async saveTo(parameters: Parameters, { entry, overwrite = false }: SaveOptions): Promise<Saved> {
    const version = this.versions.get(entry) ?? "";
    const response = await this.server.post("api/save", { entry, version, overwrite, ...plain(parameters) });
    const saved = (await response.json()) as { path: string; version: string; warning: PlainError | null };
    this.versions.set(entry, saved.version);
    return { path: saved.path, warning: saved.warning && errorOf(saved.warning) };
  }
}

/** The requests of one server, each of which rejects with a `CharacterError`. */
class Server {
  constructor(private readonly base: string) {}

  /** Sends a request and returns the answer if it is good. */
  async call(address: string, init: RequestInit = {}): Promise<Response> {
    const request = new Request(new URL(address, this.base), { ...init, cache: "no-store" });
    const response = await fetch(request).catch((error) => {
      throw failure(error);
    });
    if (response.ok) return response;
    const answer = (await response.json().catch(() => null)) as { error?: PlainError } | null;
    throw answer?.error ? errorOf(answer.error) : gone();
  }

  post(address: string, content: unknown, signal?: AbortSignal): Promise<Response> {
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", body: JSON.stringify(content), headers };
    return this.call(address, signal ? { ...init, signal } : init);
  }

  draw(address: string, parameters: Parameters, signal?: AbortSignal): Promise<Picture> {
    const init = { method: "POST", body: littleEndian(parameters.values) };
    return this.picture(address, signal ? { ...init, signal } : init);
  }

  /** Returns a picture that is sent as RGB, its size in headers. */
  async picture(address: string, init: RequestInit): Promise<Picture> {
    const response = await this.call(address, init);
    const [width, height] = ["x-width", "x-height"].map((name) => Number(response.headers.get(name)));
    const content = await response.arrayBuffer().catch((error) => {
      throw failure(error);
    });
    return fromRgb(new Uint8Array(content), width, height);
  }

  async photo(photo: ServerPhoto, signal?: AbortSignal): Promise<OpenedPhoto> {
    const face = await this.picture(`api/face/${encodeURIComponent(photo.id)}`, signal ? { signal } : {});
    return { ...photo, face };
  }

  /** Reads an answer that comes in lines, and returns its result. */
  async lines<P, R>(response: Response, onProgress: (progress: P) => void): Promise<R> {
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read().catch((error) => {
        throw failure(error);
      });
      if (done) throw gone();
      const parts = (rest + value).split("\n");
      rest = parts.pop()!;
      for (const part of parts) {
        const line = JSON.parse(part) as Line<P, R>;
        if ("progress" in line) onProgress(line.progress);
        else if ("result" in line) return line.result;
        else throw errorOf(line.error);
      }
    }
  }

  /** Tells the server that this page is open, and resolves when the server has gone. */
  ended(): Promise<void> {
    return new Promise((resolve) => {
      const events = new EventSource(new URL("api/alive", this.base));
      events.onerror = async () => {
        const answer = await fetch(new URL("backend.json", this.base), { cache: "no-store" }).catch(() => null);
        if (answer?.ok) return; // the browser connects again
        events.close();
        resolve();
      };
    });
  }
}

function parametersOf(schema: Schema, plain: ServerParameters): Parameters {
  return new Parameters(schema, Float32Array.from(plain.values), new Set(plain.locked));
}

function plain(parameters: Parameters): ServerParameters {
  return { values: [...parameters.values], locked: [...parameters.locked] };
}

/** Returns float32 numbers in the byte order of the server's interface. */
function littleEndian(values: Float32Array): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, i) => view.setFloat32(4 * i, value, true));
  return view.buffer;
}

function failure(error: unknown): CharacterError {
  const stopped = error instanceof DOMException && error.name === "AbortError";
  return stopped ? new CharacterError("stopped", "stopped", {}, "stopped") : gone();
}

function gone(): CharacterError {
  const message = "the editor has ended: start f2p-deploy edit again";
  return new CharacterError("missing", message, {}, "serverEnded");
}
