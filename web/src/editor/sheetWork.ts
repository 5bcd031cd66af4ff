import type { SheetEntry } from "./backend";
import { sameCharacter } from "./changes";
import { save } from "./saving";
import type { Session } from "./session";

/** Does something that would lose changes that are not saved: asks first if there are any. */
export function leave(session: Session, then: () => void): void {
  if (session.unsaved) session.set({ leaving: then });
  else then();
}

/** Answers the question about changes that are not saved. */
export async function answerLeave(session: Session, answer: "save" | "discard" | "cancel"): Promise<void> {
  const then = session.state.leaving;
  if (answer === "save" && !(await save(session))) return session.set({ leaving: null });
  session.set({ leaving: null, ...(answer === "discard" ? { saved: session.parameters } : {}) });
  if (answer !== "cancel") then?.();
}

/** Opens an entry of the contact sheet in the editor. */
export function edit(session: Session, name: string): void {
  const { backend, say } = session;
  leave(session, () => {
    void session.run(say("openingEntry", { name }), async (signal) => {
      const { parameters, photo } = await backend.openEntry(name, signal);
      if (signal.aborted) return;
      session.replace(parameters, {
        name,
        entry: name,
        view: "editor",
        photo: photo && { opened: photo, name, file: null },
        mode: photo && backend.modes.includes(photo.suits) ? photo.suits : session.state.mode,
      });
    });
  });
}

/** Opens the photo of an entry anew, after a reload of the page; the character stays as it is. Warns if the entry's file
 * is no longer what was saved or opened last.
 */
export async function openEntryPhoto(session: Session, name: string): Promise<void> {
  await session.run(session.say("openingEntry", { name }), async (signal) => {
    const { parameters, photo } = await session.backend.openEntry(name, signal);
    if (signal.aborted) return;
    if (photo) session.set({ photo: { opened: photo, name, file: null } });
    if (!sameCharacter(parameters, session.state.saved)) session.set({ dialog: "overwrite" });
  });
}

/** Notes that an entry is kept, or open again. */
export async function setKept(session: Session, name: string, kept: boolean): Promise<void> {
  const mark = (state: SheetEntry["state"]) => {
    const sheet = session.state.sheet?.map((one) => (one.name === name ? { ...one, state } : one)) ?? null;
    session.set({ sheet });
  };
  const before = session.state.sheet?.find((one) => one.name === name)?.state ?? "open";
  mark(kept ? "kept" : "open");
  try {
    await session.backend.setKept(name, kept);
  } catch (error) {
    mark(before);
    session.fail(error, () => void setKept(session, name, kept));
  }
}

/** Returns the entry some places after one, or null at the end of the sheet. */
export function neighbour(session: Session, name: string | null, step: number): string | null {
  const sheet = session.state.sheet ?? [];
  const place = sheet.findIndex((one) => one.name === name);
  return sheet[place + step]?.name ?? null;
}

/** Shows the contact sheet. */
export function showSheet(session: Session): void {
  leave(session, () => {
    session.queue.clear();
    session.set({ view: "sheet" });
  });
}
