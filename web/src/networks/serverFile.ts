import { CharacterError } from "../errors";

/** Returns the error for a file whose server does not answer. */
export function unreachable(name: string): CharacterError {
  return new CharacterError("missing", `${name} cannot be loaded: check the connection`, { name }, "unreachable");
}

/** Returns the error for a file that a server has not. */
export function notThere(name: string, status: number): CharacterError {
  const message = `the server does not have ${name} (status ${status}): copy the whole folder again`;
  return new CharacterError("missing", message, { name, status }, "notThere");
}

/** Returns the error for a file with another content than it should have.
 *
 * @param reason - in English, for programs.
 */
export function damaged(name: string, reason = "damaged or from another version"): CharacterError {
  const message = `${name} is ${reason}: load the page again, or copy the whole folder again`;
  return new CharacterError("damaged", message, { name }, "damaged");
}

/** Loads a module of the server; browsers do not say why they could not, so it is asked for again.
 *
 * @throws CharacterError `missing` or `damaged`, as the server answers then.
 */
export async function importFile(folder: string, name: string): Promise<unknown> {
  const address = new URL(name, folder).href;
  try {
    return await import(/* @vite-ignore */ address);
  } catch {
    const response = await fetch(address, { cache: "no-store" }).catch(() => null);
    if (!response) throw unreachable(name);
    throw response.ok ? damaged(name) : notThere(name, response.status);
  }
}
