import { CharacterMaker } from "../characterMaker";
import type { Contract } from "../networks/contract";

/** The part of WebGPU's interface that tells cards apart. */
interface Gpu {
  requestAdapter(): Promise<{ readonly info?: { vendor: string; architecture: string; device: string } } | null>;
}

/** Returns whether this device's graphics card computes every graph's golden vectors within their floors.
 *
 * The result is remembered for the card, the bundle, the runtime's version and the browser; the check loads 27 MB.
 */
export async function graphicsCardPasses(model: string, contract: Contract): Promise<boolean> {
  const adapter = await (navigator as { gpu?: Gpu }).gpu?.requestAdapter().catch(() => null);
  if (!adapter) return false;
  const { vendor = "", architecture = "", device = "" } = adapter.info ?? {};
  const key = ["f2p-webgpu", contract.bundleFingerprint, contract.runtime, vendor, architecture, device, navigator.userAgent].join(" ");
  const known = remembered(key);
  if (known !== null) return known === "passed";
  try {
    // A worker of its own: a card that fails may take its worker with it.
    const maker = await CharacterMaker.open(model, { provider: "webgpu" });
    try {
      const { passed } = await maker.check("webgpu");
      remember(key, passed ? "passed" : "failed");
      return passed;
    } finally {
      maker.close();
    }
  } catch {
    return false; // offline, perhaps: tried again at the next visit
  }
}

function remembered(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key: string, result: string): void {
  try {
    localStorage.setItem(key, result);
  } catch {
    // A full or forbidden storage: the check is repeated at the next visit.
  }
}
