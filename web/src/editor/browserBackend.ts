import { Parameters } from "../character/parameters";
import type { Schema } from "../character/schema";
import { CharacterMaker, type AlignedFace } from "../characterMaker";
import { CharacterError } from "../errors";
import type { Mode, Provider } from "../networks/contract";
import type { Picture } from "../photo/picture";
import type { Progress } from "../search/search";
import type { Backend, Made, OpenedPhoto, Start } from "./backend";
import { graphicsCardPasses } from "./graphicsCard";

/** Opened photos whose aligned faces are kept. */
const MOST_PHOTOS = 8;

/** Options of `BrowserBackend.open`.
 *
 * @param webgpu - whether the folder holds what WebGPU needs.
 * @param onLoading - called while files are loaded, with bytes so far and in all.
 */
export interface BrowserOptions {
  readonly webgpu: boolean;
  readonly onLoading?: (loading: { loaded: number; total: number }) => void;
}

/** Computes in this browser, with the models of the folder that `f2p-deploy embed web` has written. */
export class BrowserBackend implements Backend {
  readonly kind = "browser";
  readonly schema: Schema;
  readonly imageSize: number;
  readonly unread: readonly string[];
  readonly modes: readonly Mode[] = ["hybrid", "one-shot", "iterative"];
  readonly bundle: string;
  readonly engine = null;
  readonly start: Start = {};
  readonly save = null;
  private readonly faces = new Map<string, AlignedFace>();
  private next = 1;

  private constructor(
    private maker: CharacterMaker,
    private readonly model: string,
    private readonly options: BrowserOptions,
  ) {
    const { contract, schema } = maker;
    this.schema = schema;
    this.imageSize = contract.imageSize;
    this.unread = contract.unread;
    this.bundle = contract.bundle;
  }

  /** Opens the models, and loads the graph that draws; the others follow in the background.
   *
   * @param model - address of the folder with `contract.json`.
   */
  static async open(model: string, options: BrowserOptions): Promise<BrowserBackend> {
    let opening = true;
    const maker = await CharacterMaker.open(model, {
      onLoading: (loading) => {
        if (opening) options.onLoading?.(loading);
      },
    });
    await maker.load(["render"]);
    opening = false;
    const backend = new BrowserBackend(maker, model, options);
    // Without them the page would not work offline before the first photo. An error shows at the first use.
    void maker.loadAll().catch(() => undefined);
    return backend;
  }

  get computedBy(): Provider {
    return this.maker.provider;
  }

  /** Returns what can compute here: the graphics card only after it has computed every golden vector right. */
  async providers(): Promise<readonly Provider[]> {
    const passes = this.options.webgpu && (await graphicsCardPasses(this.model, this.maker.contract));
    return passes ? ["wasm", "webgpu"] : ["wasm"];
  }

  /** Computes with other hardware from now on. */
  async computeWith(provider: Provider): Promise<void> {
    if (provider === this.maker.provider) return;
    const other = await CharacterMaker.open(this.model, { provider });
    await other.load(["render"]);
    const before = this.maker;
    this.maker = other;
    before.close();
  }

  async openPhoto(photo: Blob, _name: string, signal: AbortSignal): Promise<OpenedPhoto> {
    const aligned = await this.maker.align(photo, signal);
    const id = String(this.next++);
    this.faces.set(id, aligned);
    if (this.faces.size > MOST_PHOTOS) this.faces.delete([...this.faces.keys()][0]);
    return { id, face: aligned.picture, faces: aligned.faces, warnings: aligned.warnings, suits: aligned.mode };
  }

  async make(
    photo: OpenedPhoto,
    mode: Mode,
    keep: Parameters | null,
    onProgress: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<Made> {
    const face = this.faces.get(photo.id) ?? { picture: photo.face };
    return this.maker.generate(face, { mode, keep: keep ?? undefined, onProgress, signal });
  }

  async draw(parameters: Parameters): Promise<Picture> {
    return this.maker.render(parameters);
  }

  async drawWithEngine(): Promise<Picture> {
    throw new CharacterError("missing", "there is no engine in the browser");
  }

  async openEntry(): Promise<{ parameters: Parameters; photo: OpenedPhoto | null }> {
    throw noSheet();
  }

  async entryFace(): Promise<Picture> {
    throw noSheet();
  }

  async thumbnail(): Promise<Picture> {
    throw noSheet();
  }

  async setKept(): Promise<void> {
    throw noSheet();
  }
}

function noSheet(): CharacterError {
  return new CharacterError("missing", "there is no contact sheet in the browser");
}
