import type { Contract } from "./contract";
/** Bytes loaded so far, and in all. */
export interface Loading {
    readonly loaded: number;
    readonly total: number;
}
/** Loads the files of a contract, checks them, and keeps them in IndexedDB for the next visit. */
export declare class FileStore {
    private readonly base;
    private readonly contract;
    private readonly onLoading?;
    private readonly database;
    private readonly loading;
    /**
     * @param base - address of the folder of `contract.json`.
     * @param contract - names the files, their sizes and their SHA-256.
     * @param onLoading - called as bytes arrive from the network.
     */
    constructor(base: string, contract: Contract, onLoading?: ((file: string, loading: Loading) => void) | undefined);
    /** Returns the content of a file.
     *
     * @throws CharacterError `missing`: the file is not there or the network is not; `damaged`: its content differs.
     */
    read(name: string): Promise<Uint8Array<ArrayBuffer>>;
    /** Forgets a content that nobody needs any more; it stays in IndexedDB. */
    release(name: string): void;
    /** Returns a note that an earlier visit kept, or undefined. */
    note(key: string): Promise<unknown>;
    /** Keeps a note for later visits. */
    keepNote(key: string, value: unknown): Promise<void>;
    private readOnce;
    private fetch;
}
