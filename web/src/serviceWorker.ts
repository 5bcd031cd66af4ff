/** The service worker of the static page: it keeps the page for offline use and makes it cross-origin isolated. */

export {};

declare const self: ServiceWorkerGlobalScope;

interface ServiceWorkerGlobalScope {
  addEventListener(type: "install" | "activate", listener: (event: ExtendableEvent) => void): void;
  addEventListener(type: "fetch", listener: (event: FetchEvent) => void): void;
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
  readonly location: Location;
}
interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

/** `f2p-deploy embed web` puts a digest of the folder here. */
const CACHE = "f2p-deploy-@VERSION@";

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(activate()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const own = new URL(request.url).origin === self.location.origin;
  if (own && request.method === "GET" && request.cache !== "no-store") event.respondWith(answer(request));
});

async function install(): Promise<void> {
  const cache = await caches.open(CACHE);
  const files = (await (await fetch("offline.json", { cache: "no-cache" })).json()) as string[];
  await cache.addAll(["./", ...files].map((file) => new Request(file, { cache: "no-cache" })));
  await self.skipWaiting();
}

/** Removes what earlier versions kept. */
async function activate(): Promise<void> {
  const stale = (await caches.keys()).filter((name) => name.startsWith("f2p-deploy-") && name !== CACHE);
  await Promise.all(stale.map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request, { ignoreSearch: true });
  const response = kept ?? (await fetch(request));
  // The files for WebGPU are kept once a device uses them.
  if (!kept && response.ok && new URL(request.url).pathname.includes("/onnxruntime/")) {
    await cache.put(request, response.clone());
  }
  return isolated(response);
}

/** Returns a response with the headers that give the page shared memory, and so several threads. */
function isolated(response: Response): Response {
  if (response.status === 0 || response.type === "opaqueredirect") return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  const body = response.status === 204 || response.status === 304 ? null : response.body;
  return new Response(body, { status: response.status, statusText: response.statusText, headers });
}
