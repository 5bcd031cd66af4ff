import { CharacterError } from "../errors.js";
/** Returns the error for a file whose server does not answer. */
export declare function unreachable(name: string): CharacterError;
/** Returns the error for a file that a server has not. */
export declare function notThere(name: string, status: number): CharacterError;
/** Returns the error for a file with another content than it should have.
 *
 * @param reason - in English, for programs.
 */
export declare function damaged(name: string, reason?: string): CharacterError;
/** Loads a module of the server; browsers do not say why they could not, so it is asked for again.
 *
 * @throws CharacterError `missing` or `damaged`, as the server answers then.
 */
export declare function importFile(folder: string, name: string): Promise<unknown>;
