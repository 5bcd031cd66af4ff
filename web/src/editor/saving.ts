import { toCsv } from "../character/csvFile";
import { toJson } from "../character/parameterFiles";
import { CharacterError } from "../errors";
import { sentenceOf } from "./language";
import { toCanvas } from "./view/canvas";
import type { Session } from "./session";

/** The kinds of files that a character can be saved as. */
export type FileKind = "json" | "csv" | "png";

/** Saves a character where it came from on the server, or as a JSON file in the browser.
 *
 * @param overwrite - also if the file on the server was changed or removed since it was opened.
 * @returns whether it was saved.
 */
export async function save(session: Session, overwrite = false): Promise<boolean> {
  const { backend, parameters, say } = session;
  if (!backend.save) return download(session, "json");
  const { entry } = session.state;
  try {
    const { path, warning } = await backend.save(parameters, { entry, overwrite });
    const { sheet } = session.state;
    if (entry) session.thumbnails.delete(entry);
    session.set({
      saved: parameters,
      notice: warning && { text: sentenceOf(warning, say), retry: null },
      dialog: null,
      sheet: sheet?.map((one) => (one.name === entry ? { ...one, state: "changed" as const } : one)) ?? null,
    });
    session.tell(say("saved", { name: path }));
    return true;
  } catch (error) {
    const code = error instanceof CharacterError ? error.code : "";
    if (code === "changedOnDisk") session.set({ dialog: "overwrite" });
    else if (code === "removedFromDisk") session.set({ dialog: "removed" });
    else session.fail(error, () => void save(session, overwrite));
    return false;
  }
}

/** Downloads a character as a file. */
export async function download(session: Session, kind: FileKind): Promise<boolean> {
  const { parameters, say } = session;
  const name = `${fileName(session.state.name) || "character"}.${kind}`;
  const file = await content(session, kind);
  if (!file) return false;
  const address = URL.createObjectURL(file);
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  // Some browsers read the address only after this task.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  if (kind === "json") session.set({ saved: parameters });
  session.tell(say("saved", { name }));
  return true;
}

/** Returns a name without what file systems refuse. */
function fileName(name: string): string {
  return name.replace(/[\\/:*?"<>|\u0000-\u001f]+/g, "-").slice(0, 100);
}

async function content(session: Session, kind: FileKind): Promise<Blob | null> {
  if (kind === "json") return new Blob([toJson(session.parameters)], { type: "application/json" });
  if (kind === "csv") return new Blob([toCsv(session.parameters)], { type: "text/csv" });
  const picture = session.state.enginePicture ?? (await session.backend.draw(session.parameters));
  return new Promise((resolve) => toCanvas(picture).toBlob(resolve, "image/png"));
}
