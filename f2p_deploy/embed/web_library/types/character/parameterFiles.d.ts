import { Parameters } from "./parameters.js";
import type { Schema } from "./schema.js";
/** Returns a character as `parameters.json`, byte for byte as f2p-deploy writes it. */
export declare function toJson(parameters: Parameters): string;
/** Reads a character from the text of a `parameters.json`, which may have been edited by hand.
 *
 * @throws CharacterError `invalid-input`: not such a file, another schema, or an unknown, missing or wrong entry.
 */
export declare function fromJson(text: string, schema: Schema): Parameters;
/** Returns the shortest decimal that reads back as the same float32, written as Python writes it. */
export declare function shortest(value: number): string;
