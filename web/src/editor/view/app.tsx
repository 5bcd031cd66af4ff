import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import { openTransfer } from "../photoWork";
import { save } from "../saving";
import type { Session } from "../session";
import type { Language } from "../texts";
import { BusyBar } from "./busyBar";
import { Button } from "./buttons";
import { SessionContext } from "./context";
import { Controls } from "./controls";
import { Dialogs } from "./dialogs";
import { Foot } from "./foot";
import { Header } from "./header";
import { Icon } from "./icons";
import { PhotoPanel } from "./photoPanel";
import { chosenScheme, keepLanguage, keepScheme } from "./preferences";
import { Sheet } from "./sheet";
import { Stage } from "./stage";
import { WholeFace } from "./wholeFace";

/** The whole page. */
export function App({ session }: { readonly session: Session }) {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const [scheme, setScheme] = useState(chosenScheme);
  const [dropping, setDropping] = useState(false);
  useEffect(() => session.subscribe(() => redraw(undefined)), [session]);
  useEffect(() => listen(session, setDropping), [session]);
  const { say, state } = session;
  const chooseLanguage = (language: Language) => {
    keepLanguage(language);
    session.set({ language });
  };
  useEffect(() => {
    document.documentElement.lang = state.language;
    document.title = [state.name, say("title")].filter(Boolean).join(" – ");
  }, [state.language, state.name]);
  const main = useRef<HTMLElement>(null);
  useViewFocus(main, state.view, state.entry);
  return (
    <SessionContext.Provider value={session}>
      <a class="skip" href={state.view === "editor" ? "#controls" : "#sheet-title"}>
        {say("skip")}
      </a>
      <Header
        scheme={scheme}
        onScheme={(chosen) => {
          keepScheme(chosen);
          setScheme(chosen);
        }}
        onLanguage={chooseLanguage}
      />
      <main ref={main} class={state.view} tabIndex={-1}>
        {state.view === "sheet" ? (
          <Sheet />
        ) : (
          <>
            <Stage />
            <div class="side">
              <PhotoPanel />
              <WholeFace />
            </div>
            <Controls />
          </>
        )}
      </main>
      <Foot />
      <div class="notices">
        {state.dialog !== "modes" && <BusyBar />}
        <Alert session={session} />
        <p class={`status ${state.status ? "" : "empty"}`} role="status">
          {state.status}
        </p>
      </div>
      <p class="for-screen-readers" role="status">
        {state.busy ? state.busy.what : state.drawn && state.rested ? say("drawn") : ""}
      </p>
      {dropping && (
        <div class="dropping" aria-hidden="true">
          <Icon name="photo" />
          {say("dropNow")}
        </div>
      )}
      <Dialogs />
    </SessionContext.Provider>
  );
}

/** Moves the focus to what has come into view, when the sheet takes the place of the editor or the other way round. */
function useViewFocus(main: { readonly current: HTMLElement | null }, view: string, entry: string | null): void {
  const first = useRef(true);
  useEffect(() => {
    if (first.current) first.current = false;
    else (main.current?.querySelector<HTMLElement>(".entry.current .entry-picture") ?? main.current)?.focus();
  }, [view, entry]);
}

/** The last error, with a button that tries again where that may help. */
function Alert({ session }: { readonly session: Session }) {
  const { say, state } = session;
  const { notice } = state;
  const again = () => {
    session.set({ notice: null });
    notice?.retry?.();
  };
  return (
    <div role="alert">
      {notice && (
        <div class="notice">
          <Icon name="warning" />
          <p>{notice.text}</p>
          {notice.retry && <Button kind="primary" label={say("tryAgain")} onPress={again} />}
          <Button icon="close" bare kind="quiet" label={say("close")} onPress={() => session.set({ notice: null })} />
        </div>
      )}
    </div>
  );
}

/** Listens to the keys, drops and pastes of the whole page. Returns what ends that. */
function listen(session: Session, setDropping: (dropping: boolean) => void): () => void {
  const stop = new AbortController();
  const on = <K extends keyof DocumentEventMap>(name: K, listener: (event: DocumentEventMap[K]) => void) =>
    document.addEventListener(name, listener, { signal: stop.signal });
  on("keydown", (event) => shortcut(session, event));
  on("paste", (event) => {
    if (session.state.view !== "editor" || (isTyping(event.target) && !event.clipboardData?.files.length)) return;
    event.preventDefault();
    openTransfer(session, event.clipboardData);
  });
  on("dragover", (event) => {
    event.preventDefault();
    setDropping(session.state.view === "editor");
  });
  on("dragleave", (event) => {
    if (event.relatedTarget === null) setDropping(false);
  });
  on("drop", (event) => {
    event.preventDefault();
    setDropping(false);
    if (session.state.view === "editor") openTransfer(session, event.dataTransfer);
  });
  const ask = (event: BeforeUnloadEvent) => {
    if (session.unsaved) event.preventDefault();
  };
  window.addEventListener("beforeunload", ask, { signal: stop.signal });
  return () => stop.abort();
}

function shortcut(session: Session, event: KeyboardEvent): void {
  const { dialog, leaving, view } = session.state;
  if (!(event.ctrlKey || event.metaKey) || event.altKey || dialog || leaving || view !== "editor") return;
  const key = event.key.toLowerCase();
  if (key === "s") void save(session);
  else if (isTyping(event.target)) return;
  else if (key === "z" && event.shiftKey) session.redo();
  else if (key === "y") session.redo();
  else if (key === "z") session.undo();
  else return;
  event.preventDefault();
}

/** Returns whether an element takes text, and so has an undo and a paste of its own. */
function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement && ["search", "number", "text"].includes(target.type);
}
