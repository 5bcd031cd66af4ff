import { Parameters } from "./parameters.js";
import type { Schema } from "./schema.js";
/** Returns a character as CSV: a row of names (`controller`, `group=option`) and a row of values. */
export declare function toCsv(parameters: Parameters): string;
/** Reads the first character of CSV as f2p-deploy writes it; the columns may come in any order.
 *
 * @throws CharacterError `invalid-input`: no such table, or an unknown, missing or wrong column.
 */
export declare function fromCsv(text: string, schema: Schema): Parameters;
