import { damaged, notThere, unreachable } from "../networks/serverFile";
import type { Backend } from "./backend";
import type { OnLoading } from "./startPage";

/** The file beside the page that says what computes. */
const SETTINGS = "backend.json";

/** Opens what computes for the page, as `backend.json` beside it says.
 *
 * @throws CharacterError `missing`: the page does not answer; `damaged`: it is not from `f2p-deploy embed web` or `edit`.
 */
export async function openBackend(onLoading: OnLoading): Promise<Backend> {
  const settings = await backendSettings();
  if (settings.kind === "server") {
    const { ServerBackend } = await import("./serverBackend");
    return ServerBackend.open(document.baseURI);
  }
  if (settings.kind !== "browser") throw damaged(SETTINGS);
  keepForOffline();
  const { BrowserBackend } = await import("./browserBackend");
  return BrowserBackend.open("./model/", { webgpu: settings.webgpu ?? false, onLoading });
}

async function backendSettings(): Promise<{ kind?: string; webgpu?: boolean }> {
  const response = await fetch(`./${SETTINGS}`, { cache: "no-cache" }).catch(() => {
    throw unreachable(SETTINGS);
  });
  if (!response.ok) throw notThere(SETTINGS, response.status);
  const settings: unknown = await response.json().catch(() => null);
  if (typeof settings !== "object" || settings === null) throw damaged(SETTINGS);
  return settings;
}

/** Lets the service worker keep the page. Where there is none (an insecure address), the page works online only. */
function keepForOffline(): void {
  navigator.serviceWorker?.register("./service-worker.js").catch(() => undefined);
}
