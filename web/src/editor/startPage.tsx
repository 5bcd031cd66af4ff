import { render } from "preact";
import type { Backend } from "./backend";
import { sayIn, sentenceOf } from "./language";
import { fromPlain, Memory, type PlainState } from "./memory";
import { openEntryPhoto } from "./sheetWork";
import { openPhoto } from "./photoWork";
import { Session } from "./session";
import "./style/page.css";
import { App } from "./view/app";
import { Opening } from "./view/opening";
import { chosenLanguage, chosenScheme, showScheme } from "./view/preferences";

/** Told how many bytes of the networks are loaded, and how many there are. */
export type OnLoading = (loading: { loaded: number; total: number }) => void;

/** Shows the page: opens what computes, brings back the work of before a reload, and lets the visitor edit. */
export async function startPage(openBackend: (onLoading: OnLoading) => Promise<Backend>): Promise<void> {
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
    if (before) restore(session, before);
    memory.follow(session, opened);
    render(<App session={session} />, root);
    if (session.state.view === "editor") session.draw();
  } catch (error) {
    const reason = sentenceOf(error, say);
    render(<Opening say={say} failed={say("notOpened", { reason })} onRetry={() => void startPage(openBackend)} />, root);
  }
}

function restore(session: Session, before: PlainState): void {
  session.set(fromPlain(before, session.backend.schema));
  session.tell(session.say("restored"));
  if (before.photo) void openPhoto(session, before.photo.file, before.photo.name);
  else if (before.entry) void openEntryPhoto(session, before.entry);
}
