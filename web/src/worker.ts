/** The worker that computes: it keeps the page free while networks run. */

import { CharacterError } from "./errors";
import { Parameters } from "./character/parameters";
import { CharacterGenerator } from "./generator";
import { plainError, type Answer, type Calls, type Method, type Request } from "./messages";
import { readContract, type Contract, type Provider } from "./networks/contract";
import { checkGolden } from "./networks/golden";
import { loadOrt, OrtNetworks, type Ort } from "./networks/ortNetworks";
import { notThere, unreachable } from "./networks/serverFile";
import { FileStore } from "./networks/store";
import { align } from "./photo/alignment";
import { decodePhoto } from "./photo/decode";
import { openFinder } from "./photo/openFinder";
import type { FaceFinder } from "./photo/finder";
import type { Progress } from "./search/search";

/** Everything that `open` makes. */
interface Opened {
  readonly base: string;
  readonly text: string;
  readonly contract: Contract;
  readonly files: FileStore;
  readonly generator: CharacterGenerator;
  readonly ort: Ort;
  readonly networks: OrtNetworks;
  finder?: Promise<FaceFinder>;
}

refuseOtherOrigins();

let opened: Opened | undefined;
/** The origin of the models, which may be another than that of the worker. */
let home = self.location.origin;
const stopping = new Map<number, AbortController>();
const post = (answer: Answer) => self.postMessage(answer);

type Handlers = {
  [M in Method]: (takes: Calls[M]["takes"], id: number, signal: AbortSignal) => Promise<Calls[M]["gives"]>;
};

const handlers: Handlers = {
  async open({ base, provider }) {
    home = new URL(base).origin;
    opened ??= await open(base, provider);
    return { contract: opened.text, provider };
  },
  async load({ graphs, finder }) {
    if (finder) await finderOf(ready());
    await ready().networks.load(graphs);
    return null;
  },
  async align({ photo }) {
    const { contract } = ready();
    const picture = await decodePhoto(photo);
    const finder = await finderOf(ready());
    const faces = await finder.find(picture);
    if (!faces.length) {
      const message = "no face was found; take a photo of one face, from the front and evenly lit";
      throw new CharacterError("no-face", message, {}, "noFace");
    }
    const aligned = align(picture, faces[0], contract);
    return { ...aligned, faces: faces.length };
  },
  async generate({ face, mode, keep, fast, shape }, id, signal) {
    const { generator } = ready();
    const kept = keep ? new Parameters(generator.schema, keep.values, new Set(keep.locked)) : undefined;
    const onProgress = (progress: Progress) => post({ id, progress });
    const made = await generator.generate(face, {
      mode,
      keep: kept,
      fast: fast ?? undefined,
      shape: shape ?? undefined,
      onProgress,
      signal,
    });
    return { values: made.parameters.values, probabilities: made.probabilities, losses: made.losses };
  },
  async render({ values }) {
    return ready().networks.render(values);
  },
  async check({ provider }) {
    const { base, contract, files, networks } = ready();
    if (networks.provider === provider) return checkGolden(networks, contract, files);
    const tried = new OrtNetworks(await ortOf(base, provider), contract, files, provider);
    return checkGolden(tried, contract, files);
  },
};

async function open(base: string, provider: Provider): Promise<Opened> {
  const name = "contract.json";
  const response = await fetch(new URL(name, base)).catch(() => null);
  if (!response) throw unreachable(name);
  if (!response.ok) throw notThere(name, response.status);
  const text = await response.text();
  const contract = readContract(text);
  let before = 0;
  const loaded = new Map<string, number>();
  const files = new FileStore(base, contract, (name, loading) => {
    loaded.set(name, loading.loaded);
    const sum = [...loaded.values()].reduce((total, bytes) => total + bytes, 0);
    if (sum - before < 100_000 && loading.loaded < loading.total) return;
    before = sum;
    const total = [...loaded.keys()].reduce((all, file) => all + contract.files[file].size, 0);
    post({ loading: { loaded: sum, total } });
  });
  const ort = await ortOf(base, provider);
  const networks = new OrtNetworks(ort, contract, files, provider);
  return { base, text, contract, files, ort, networks, generator: new CharacterGenerator(contract, networks) };
}

/** Returns the finder, which is opened once; a failure is tried again at the next call. */
function finderOf(from: Opened): Promise<FaceFinder> {
  from.finder ??= openFinder(from.base, from.ort, from.contract, from.files).catch((error: unknown) => {
    delete from.finder;
    throw error;
  });
  return from.finder;
}

function ortOf(base: string, provider: Provider): Promise<Ort> {
  return loadOrt(new URL("../onnxruntime/", base).href, provider);
}

function ready(): Opened {
  if (!opened) throw new CharacterError("missing", "the worker was not opened");
  return opened;
}

/** Refuses requests of this worker to other origins: a library that reports its use must not do so from here. */
function refuseOtherOrigins(): void {
  const own = self.fetch.bind(self);
  self.fetch = (input, init) => {
    const address = new URL(input instanceof Request ? input.url : input, self.location.href);
    if (address.origin === self.location.origin || address.origin === home) return own(input, init);
    return Promise.reject(new TypeError(`requests to ${address.origin} are refused`));
  };
}

self.onmessage = async ({ data }: MessageEvent<Request>) => {
  if ("stop" in data) {
    stopping.get(data.id)?.abort();
    return;
  }
  const { id, method, takes } = data;
  const stop = new AbortController();
  stopping.set(id, stop);
  try {
    const handler = handlers[method] as (takes: unknown, id: number, signal: AbortSignal) => Promise<unknown>;
    post({ id, gives: await handler(takes, id, stop.signal) });
  } catch (error) {
    post({ id, error: plainError(error) });
  } finally {
    stopping.delete(id);
  }
};
