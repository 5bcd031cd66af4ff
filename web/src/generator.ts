import { CharacterError, throwIfStopped } from "./errors";
import { Parameters } from "./character/parameters";
import { Schema } from "./character/schema";
import type { Contract, Mode, SearchSettings } from "./networks/contract";
import type { Description, Networks } from "./networks/networks";
import type { Picture } from "./photo/picture";
import { chooseOptions, chooseOptionsFast } from "./search/options";
import { betterOf } from "./search/losses";
import { search, type Progress } from "./search/search";

/** One character made from one photo. */
export interface Generation {
  /** Discrete groups one-hot, as a game needs them. */
  readonly parameters: Parameters;
  /** The same vector with discrete groups as the probabilities that the networks gave. */
  readonly probabilities: Float32Array;
  readonly mode: Mode;
  /** The loss before each step and after the last; empty for one-shot. */
  readonly losses: readonly number[];
}

/** Options of `generate`.
 *
 * @param mode - `hybrid` if not given.
 * @param keep - a character whose locked controllers and discrete groups are kept.
 * @param fast - whether to search through the shortcut; as the contract says if not given.
 * @param shape - the face's shape as a finder measured it; estimated from the face if not given.
 * @param onProgress - called after every step of a search.
 * @param signal - stops the generation.
 */
export interface GenerateOptions {
  readonly mode?: Mode | undefined;
  readonly keep?: Parameters | undefined;
  readonly fast?: boolean | undefined;
  readonly shape?: Float32Array | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Makes characters from aligned faces with any networks; the same steps as f2p-deploy's Python side. */
export class CharacterGenerator {
  readonly schema: Schema;

  constructor(
    readonly contract: Contract,
    private readonly networks: Networks,
  ) {
    this.schema = new Schema(contract.schema);
  }

  /** Generates a character from one aligned face.
   *
   * @param face - `imageSize` x `imageSize`, from `align`.
   * @throws CharacterError `invalid-input` for a face of another size or a character of another schema, `stopped`.
   */
  async generate(face: Picture, options: GenerateOptions = {}): Promise<Generation> {
    const { contract, networks, schema } = this;
    const { mode = "hybrid", keep, signal } = options;
    const size = contract.imageSize;
    if (face.width !== size || face.height !== size) {
      throw new CharacterError(
        "invalid-input",
        `an aligned face is ${size} x ${size}, found ${face.width} x ${face.height}: align it first`,
      );
    }
    if (keep) this.requireSchema(keep);
    const fast = this.goesFast(mode, options.fast);
    throwIfStopped(signal);
    if (mode === "one-shot") {
      return this.finish(await networks.oneShot(face), mode, [], keep, contract.standardLead);
    }
    const settings = mode === "iterative" ? contract.iterative : contract.hybrid;
    const locked = keep?.lockedMask;
    const photo = this.withShape(await networks.describe(face), options.shape);
    let start = await this.startOf(face, mode, settings, keep);
    if (contract.chooseOptions) start = await this.withOptions(start, photo, settings, locked, fast, signal);
    let found = await search(networks, schema, settings, start, photo, {
      fast,
      locked,
      onProgress: options.onProgress,
      signal,
    });
    if (fast) {
      const first = schema.smoothed(start, settings.beta);
      found = await betterOf(networks, contract, first, found, photo, settings.keepBest);
    }
    return this.finish(found.parameters, mode, found.losses, keep, 0);
  }

  /** Renders parameters with the imitator.
   *
   * @throws CharacterError `invalid-input` for parameters of another schema.
   */
  async render(parameters: Parameters): Promise<Picture> {
    this.requireSchema(parameters);
    return this.networks.render(parameters.values);
  }

  /** Returns a description in which a measured shape replaces the estimated one, if searches compare shapes. */
  private withShape(photo: Description, shape: Float32Array | undefined): Description {
    const { count } = this.schema;
    const flat = this.contract.graphs["describe"]?.outputs.find((output) => output.name === "content")?.shape.length === 2;
    if (!shape || !flat || photo.content.length !== count + shape.length) return photo;
    const content = photo.content.slice();
    content.set(shape, count);
    return { identity: photo.identity, content };
  }

  private async startOf(
    face: Picture,
    mode: Mode,
    settings: SearchSettings,
    keep: Parameters | undefined,
  ): Promise<Float32Array> {
    const { schema } = this;
    const start =
      mode === "hybrid"
        ? schema.state(await this.networks.oneShot(face), settings.beta)
        : Float32Array.from(this.contract.firstState);
    if (!keep) return start;
    const kept = schema.state(keep.values, settings.beta);
    const mask = keep.lockedMask;
    return start.map((value, i) => (mask[i] ? kept[i] : value));
  }

  /** Returns a start with the best options: in the wrong skin tone, a search would distort the face to compensate. */
  private async withOptions(
    start: Float32Array,
    photo: Description,
    settings: SearchSettings,
    locked: readonly boolean[] | undefined,
    fast: boolean,
    signal: AbortSignal | undefined,
  ): Promise<Float32Array> {
    const { contract, networks, schema } = this;
    const values = schema.hardened(schema.smoothed(start, settings.beta), contract.standardLead);
    const choose = fast ? chooseOptionsFast : chooseOptions;
    return schema.state(await choose({ networks, contract, schema, values, photo, locked, signal }), settings.beta);
  }

  /** Returns whether a mode searches through the shortcut: as the call asks, else as the contract says. */
  private goesFast(mode: Mode, asked: boolean | undefined): boolean {
    if (mode === "one-shot" || !(asked ?? this.contract.fast)) return false;
    const needed = ["step_fast", ...(this.contract.chooseOptions ? ["compare_fast"] : [])];
    const lacking = needed.find((graph) => !(graph in this.contract.graphs));
    if (lacking !== undefined) {
      throw new CharacterError("missing", `a fast search needs the graph '${lacking}', which this folder lacks`);
    }
    return true;
  }

  private requireSchema(parameters: Parameters): void {
    if (parameters.schema.fingerprint !== this.schema.fingerprint) {
      throw new CharacterError(
        "invalid-input",
        `the parameters are for schema '${parameters.schema.name}', the networks for '${this.schema.name}'`,
      );
    }
  }

  /** Returns the character of generated values: locked values restored, one option in each discrete group. */
  private finish(
    values: Float32Array,
    mode: Mode,
    losses: readonly number[],
    keep: Parameters | undefined,
    lead: number,
  ): Generation {
    const probabilities = keep ? keep.merged(values) : values;
    const parameters = new Parameters(this.schema, this.schema.hardened(probabilities, lead), keep?.locked);
    return { parameters, probabilities, mode, losses };
  }
}
