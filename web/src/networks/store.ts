import { CharacterError } from "../errors";
import type { Contract } from "./contract";
import { damaged, notThere, unreachable } from "./serverFile";

const DATABASE = "f2p-deploy";
const TABLE = "files";

/** Bytes loaded so far, and in all. */
export interface Loading {
  readonly loaded: number;
  readonly total: number;
}

/** Loads the files of a contract, checks them, and keeps them in IndexedDB for the next visit. */
export class FileStore {
  private readonly database: Promise<IDBDatabase | null>;
  private readonly loading = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

  /**
   * @param base - address of the folder of `contract.json`.
   * @param contract - names the files, their sizes and their SHA-256.
   * @param onLoading - called as bytes arrive from the network.
   */
  constructor(
    private readonly base: string,
    private readonly contract: Contract,
    private readonly onLoading?: (file: string, loading: Loading) => void,
  ) {
    this.database = openDatabase();
  }

  /** Returns the content of a file.
   *
   * @throws CharacterError `missing`: the file is not there or the network is not; `damaged`: its content differs.
   */
  read(name: string): Promise<Uint8Array<ArrayBuffer>> {
    let reading = this.loading.get(name);
    if (!reading) {
      reading = this.readOnce(name);
      this.loading.set(name, reading);
      reading.catch(() => this.loading.delete(name));
    }
    return reading;
  }

  /** Forgets a content that nobody needs any more; it stays in IndexedDB. */
  release(name: string): void {
    this.loading.delete(name);
  }

  /** Returns a note that an earlier visit kept, or undefined. */
  async note(key: string): Promise<unknown> {
    return get(await this.database, `note:${key}`);
  }

  /** Keeps a note for later visits. */
  async keepNote(key: string, value: unknown): Promise<void> {
    await put(await this.database, `note:${key}`, value);
  }

  private async readOnce(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const record = this.contract.files[name];
    if (!record) throw new CharacterError("missing", `the contract names no file '${name}'`);
    const kept = await get(await this.database, record.sha256);
    if (kept instanceof ArrayBuffer && kept.byteLength === record.size) return new Uint8Array(kept);
    const content = await this.fetch(name, record.size);
    if (content.byteLength !== record.size || (await differs(content, record.sha256))) {
      throw damaged(name);
    }
    await put(await this.database, record.sha256, content.buffer);
    return content;
  }

  private async fetch(name: string, size: number): Promise<Uint8Array<ArrayBuffer>> {
    // Without the HTTP cache: IndexedDB keeps the file, and a stale copy would only fail the check.
    const response = await fetch(new URL(name, this.base), { cache: "no-store" }).catch(() => null);
    if (response && !response.ok) throw notThere(name, response.status);
    if (!response?.body) throw unreachable(name);
    const content = new Uint8Array(size);
    let loaded = 0;
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw unreachable(name);
      });
      if (done) break;
      if (loaded + value.byteLength > size) return new Uint8Array(0);
      content.set(value, loaded);
      loaded += value.byteLength;
      this.onLoading?.(name, { loaded, total: size });
    }
    return loaded === size ? content : new Uint8Array(0);
  }
}

/** Returns whether a content has another SHA-256; false where the browser cannot compute it, without HTTPS. */
async function differs(content: Uint8Array<ArrayBuffer>, sha256: string): Promise<boolean> {
  if (!globalThis.crypto?.subtle) return false;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") !== sha256;
}

/** Opens the database; null where there is none, as in some private windows. */
function openDatabase(): Promise<IDBDatabase | null> {
  return new Promise((resolve) => {
    try {
      const opening = indexedDB.open(DATABASE, 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE);
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = opening.onblocked = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
}

function get(database: IDBDatabase | null, key: string): Promise<unknown> {
  if (!database) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    const reading = database.transaction(TABLE).objectStore(TABLE).get(key);
    reading.onsuccess = () => resolve(reading.result);
    reading.onerror = () => resolve(undefined);
  });
}

/** Writes an entry; a full disk is no error, the entry is loaded again at the next visit. */
function put(database: IDBDatabase | null, key: string, value: unknown): Promise<void> {
  if (!database) return Promise.resolve();
  return new Promise((resolve) => {
    const writing = database.transaction(TABLE, "readwrite");
    writing.objectStore(TABLE).put(value, key);
    writing.oncomplete = writing.onerror = writing.onabort = () => resolve();
  });
}
