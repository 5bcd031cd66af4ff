import { fromCsv } from "../character/csvFile";
import { fromJson } from "../character/parameterFiles";
import { CharacterError } from "../errors";
import { Parameters } from "../character/parameters";
import type { Mode } from "../networks/contract";
import type { Made } from "./backend";
import { lossText, modeName } from "./language";
import type { Session } from "./session";
import type { Choice } from "./state";

/** Opens what was chosen, dropped or pasted: a photo, or a character of a JSON or CSV file. */
export async function openFile(session: Session, file: Blob, name: string): Promise<void> {
  if (/\.(json|csv)$/i.test(name) || /^(application\/json|text\/csv)$/.test(file.type)) {
    await openCharacter(session, file, name);
  } else {
    await openNewPhoto(session, file, name);
  }
}

/** Opens a photo, and makes a character of it at once unless there is one to be lost. */
export async function openNewPhoto(session: Session, file: Blob, name: string): Promise<void> {
  const untouched = session.state.history.past.length === 0 && session.parameters.locked.size === 0;
  if ((await openPhoto(session, file, name)) && untouched && !session.state.entry)
    await make(session, session.state.mode);
}

/** Opens a photo and finds its face. */
export async function openPhoto(session: Session, file: Blob, name: string): Promise<boolean> {
  const { backend, say } = session;
  return session.run(say("findingFace"), async (signal) => {
    const opened = await backend.openPhoto(file, name, signal);
    if (signal.aborted) return;
    const mode = backend.modes.includes(opened.suits) ? opened.suits : session.state.mode;
    session.set({ photo: { opened, name, file }, mode, choices: [] });
    session.tell(say("photoOpened", { name }));
  });
}

/** Opens a character of a file. Undo brings the one before back. */
export async function openCharacter(session: Session, file: Blob, name: string): Promise<void> {
  try {
    const read = /\.csv$/i.test(name) || file.type === "text/csv" ? fromCsv : fromJson;
    session.begin(read(await file.text(), session.backend.schema), name);
    session.set({ name: name.replace(/\.(json|csv)$/i, ""), saved: session.parameters, notice: null });
  } catch (error) {
    session.fail(error, () => undefined);
  }
}

/** Opens the first photo or character of what was dropped or pasted; says so if there is none. */
export function openTransfer(session: Session, transfer: DataTransfer | null): void {
  const file = transfer?.files[0];
  if (file) return void openFile(session, file, file.name);
  const text = transfer?.getData("text/plain").trim();
  if (text?.startsWith("{")) return void openCharacter(session, new Blob([text]), session.state.name);
  session.fail(new CharacterError("unreadable", "no photo and no character", {}, "noPicture"), () => undefined);
}

/** Makes a character of the photo; what is locked stays. */
export async function make(session: Session, mode: Mode): Promise<void> {
  const { photo } = session.state;
  const { backend, say } = session;
  if (!photo) return;
  await session.run(say("making", { mode: modeName(mode, say) }), async (signal, onProgress) => {
    const made = await backend.make(photo.opened, mode, kept(session.parameters), onProgress, signal);
    if (!signal.aborted) accept(session, mode, made);
  });
}

/** Makes a character of the photo in every mode, one after the other. */
export async function compareModes(session: Session): Promise<void> {
  const { photo } = session.state;
  const { backend, say } = session;
  if (!photo) return;
  const choices: Choice[] = backend.modes.map((mode) => ({ mode, made: null, picture: null }));
  session.set({ choices, dialog: "modes" });
  const keep = kept(session.parameters);
  for (const [i, { mode }] of choices.entries()) {
    const done = await session.run(say("making", { mode: modeName(mode, say) }), async (signal, onProgress) => {
      const made = await backend.make(photo.opened, mode, keep, onProgress, signal);
      const picture = await backend.draw(made.parameters, signal);
      choices[i] = { mode, made, picture };
    });
    if (!done || session.state.dialog !== "modes") return;
    session.set({ choices: [...choices] });
  }
}

/** Takes the character that one mode made. */
export function takeChoice(session: Session, { mode, made }: Choice): void {
  closeChoices(session);
  if (made) accept(session, mode, made);
}

/** Closes the choices of modes and stops what is still being made. */
export function closeChoices(session: Session): void {
  session.state.busy?.stop();
  session.set({ dialog: null });
}

function accept(session: Session, mode: Mode, made: Made): void {
  const { say } = session;
  const name = modeName(mode, say);
  const parameters = new Parameters(session.backend.schema, made.parameters.values, session.parameters.locked);
  session.begin(parameters, name);
  session.set({ mode, name: session.state.entry ?? session.state.photo?.name.replace(/\.\w+$/, "") ?? "" });
  const loss = lossText(made.losses, session.state.language);
  session.tell(made.losses.length ? say("made", { mode: name, loss }) : say("madeAtOnce", { mode: name }));
}

function kept(parameters: Parameters): Parameters | null {
  return parameters.locked.size ? parameters : null;
}
