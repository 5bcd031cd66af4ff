import { CharacterError } from "../errors";
import type { Backend } from "./backend";
import type { OnLoading } from "./startPage";

/** Opens what computes for the page, as `backend.json` beside it says.
 *
 * @throws CharacterError `missing`: the page is not from `f2p-deploy embed web` or `edit`, or does not answer.
 */
export async function openBackend(onLoading: OnLoading): Promise<Backend> {
  const settings = (await backendSettings()) as { kind?: string; webgpu?: boolean };
  if (settings.kind === "server") {
    const { ServerBackend } = await import("./serverBackend");
    return ServerBackend.open(document.baseURI);
  }
  if (settings.kind !== "browser") throw unknownKind(settings.kind);
  keepForOffline();
  const { BrowserBackend } = await import("./browserBackend");
  return BrowserBackend.open("./model/", { webgpu: settings.webgpu ?? false, onLoading });
}

async function backendSettings(): Promise<unknown> {
  try {
    return await (await fetch("./backend.json", { cache: "no-cache" })).json();
  } catch {
    throw new CharacterError("missing", "backend.json beside the page cannot be read", {}, "unreachable");
  }
}

/** Lets the service worker keep the page. Where there is none (an insecure address), the page works online only. */
function keepForOffline(): void {
  navigator.serviceWorker?.register("./service-worker.js").catch(() => undefined);
}

function unknownKind(kind: unknown): CharacterError {
  return new CharacterError("missing", `backend.json names an unknown kind '${String(kind)}'`);
}
