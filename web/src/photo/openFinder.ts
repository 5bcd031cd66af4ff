import type { InferenceSession } from "onnxruntime-common";
import type { Contract } from "../networks/contract";
import type { Ort } from "../networks/ortNetworks";
import type { FileStore } from "../networks/store";
import type { FaceFinder } from "./finder";
import { NetworkFinder, type FinderNetworks } from "./networkFinder";

/** Opens the face finder of the folder: MediaPipe's if it has its model, else the two networks, on the processor.
 *
 * @param base - address of the folder of the contract.
 */
export async function openFinder(base: string, ort: Ort, contract: Contract, files: FileStore): Promise<FaceFinder> {
  if (contract.landmarker) {
    const { openMediaPipe } = await import("./mediaPipeFinder");
    return openMediaPipe(new URL("../mediapipe/", base).href, await files.read(contract.landmarker));
  }
  const open = async (file: string) =>
    ort.InferenceSession.create(await files.read(file), { executionProviders: ["wasm"], logSeverityLevel: 3 });
  const [detector, reader] = [await open(contract.finder.detector), await open(contract.finder.reader)];
  const networks: FinderNetworks = {
    detect: async (rgb) => (await run(ort, detector, rgb, 192))["faces"],
    read: (rgb) => run(ort, reader, rgb, 128),
  };
  return new NetworkFinder(networks);
}

async function run(ort: Ort, session: InferenceSession, rgb: Uint8Array, edge: number): Promise<Record<string, Float32Array>> {
  const outputs = await session.run({ picture: new ort.Tensor("uint8", rgb, [edge, edge, 3]) });
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensor.data as Float32Array]));
}
