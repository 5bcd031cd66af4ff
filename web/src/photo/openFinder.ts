import { CharacterError } from "../errors";
import type { Contract } from "../networks/contract";
import type { FileStore } from "../networks/store";
import type { FaceFinder } from "./finder";

/** Opens the face finder that the folder has.
 *
 * @throws CharacterError `missing`: it has none.
 */
export async function openFinder(_base: string, _contract: Contract, _files: FileStore): Promise<FaceFinder> {
  throw new CharacterError("missing", "this folder has no face finder: embed the artifact again");
}
