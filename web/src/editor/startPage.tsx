import { render } from "preact";
import type { Backend } from "./backend";
import { sameCharacter } from "./changes";
import { sayIn, sentenceOf } from "./language";
import { fromPlain, Memory, type PlainState } from "./memory";
import { openEntryPhoto } from "./sheetWork";
import { openNewPhoto, openPhoto } from "./photoWork";
import { Session } from "./session";
import "./style/page.css";
import { App } from "./view/app";
import { Opening } from "./view/opening";
import { chosenLanguage, chosenScheme, showScheme } from "./view/preferences";

/** Told how many bytes of the networks are loaded, and how many there are. */
export type OnLoading = (loading: { loaded: number; total: number }) => void;

/** Shows the page: opens what computes, brings back the work of before a reload, and lets the visitor edit. */
export async function startPage(openBackend: (onLoading: OnLoading) => Promise<Backend>): Promise<void> {
  document.getElementById("not-started")?.remove();
  const root = document.getElementById("editor")!;
  const language = chosenLanguage();
  const say = sayIn(language);
  document.documentElement.lang = language;
  document.title = say("title");
  showScheme(chosenScheme());
  render(<Opening say={say} />, root);
  try {
    const backend = await openBackend((loading) => render(<Opening say={say} loading={loading} />, root));
    const session = new Session(backend, language);
    const memory = await Memory.open();
    const opened = backend.start.name ?? "";
    const before = await memory.restore(backend.schema, opened);
    const restored = before !== null && restore(session, before);
    memory.follow(session, opened);
    render(<App session={session} />, root);
    if (session.state.view === "editor") session.draw();
    const { dropped } = backend.start;
    if (dropped && !restored) void openNewPhoto(session, dropped.file, dropped.name);
  } catch (error) {
    const reason = sentenceOf(error, say);
    render(
      <Opening say={say} failed={say("notOpened", { reason })} onRetry={() => void startPage(openBackend)} />,
      root,
    );
  }
}

/** Brings back a work of before a reload. Returns whether it could be. */
function restore(session: Session, before: PlainState): boolean {
  try {
    session.set(fromPlain(before, session.backend.schema));
  } catch {
    return false; // damaged on this device: the page begins anew
  }
  const { parameters } = session.backend.start;
  if (parameters && !sameCharacter(parameters, session.state.saved)) session.set({ dialog: "overwrite" });
  void reopenPhoto(session, before).then(() => session.tell(session.say("restored")));
  return true;
}

async function reopenPhoto(session: Session, { photo, entry }: PlainState): Promise<void> {
  if (photo) await openPhoto(session, photo.file, photo.name);
  else if (entry) await openEntryPhoto(session, entry);
}
