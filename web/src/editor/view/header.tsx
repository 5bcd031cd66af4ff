import { useEffect, useRef, useState } from "preact/hooks";
import { openFile } from "../photoWork";
import { download, save, type FileKind } from "../saving";
import { edit, neighbour, setKept, showSheet } from "../sheetWork";
import { languageNames, type Language } from "../texts";
import { Button } from "./buttons";
import { useSession } from "./context";
import { Icon } from "./icons";
import type { Scheme } from "./preferences";

/** The head of the page: what is open, undo and redo, files, language and colours. */
export function Header(props: {
  readonly scheme: Scheme;
  readonly onScheme: (scheme: Scheme) => void;
  readonly onLanguage: (language: Language) => void;
}) {
  const session = useSession();
  const { say, state } = session;
  return (
    <header class="head">
      <h1>{say("title")}</h1>
      {state.view === "editor" && <WorkBar />}
      <div class="preferences">
        <select
          aria-label={say("language")}
          value={state.language}
          onChange={(event) => props.onLanguage(event.currentTarget.value as Language)}
        >
          {Object.entries(languageNames).map(([tag, name]) => (
            <option key={tag} value={tag} lang={tag}>
              {name}
            </option>
          ))}
        </select>
        <select
          aria-label={say("scheme")}
          value={props.scheme}
          onChange={(event) => props.onScheme(event.currentTarget.value as Scheme)}
        >
          <option value="auto">{say("schemeAuto")}</option>
          <option value="light">{say("schemeLight")}</option>
          <option value="dark">{say("schemeDark")}</option>
        </select>
        <Button icon="keyboard" bare kind="quiet" label={say("help")} onPress={() => session.set({ dialog: "help" })} />
      </div>
    </header>
  );
}

function WorkBar() {
  const session = useSession();
  const { say, state, backend } = session;
  const { history, sheet } = state;
  const file = useRef<HTMLInputElement>(null);
  const back = history.past.at(-1);
  const forth = history.future[0];
  return (
    <>
      {sheet && <SheetBar />}
      <p class="work-name">
        <strong>{state.name || say("untitled")}</strong>
        {session.unsaved && <span class="badge">{say("unsaved")}</span>}
      </p>
      <div class="row">
        <Button
          icon="undo"
          bare
          label={back ? say("undoOf", { change: back.change }) : say("undo")}
          disabled={!back}
          onPress={() => session.undo()}
        />
        <Button
          icon="redo"
          bare
          label={forth ? say("redoOf", { change: forth.change }) : say("redo")}
          disabled={!forth}
          onPress={() => session.redo()}
        />
        <Button icon="open" short label={say("open")} onPress={() => file.current?.click()} />
        <input
          ref={file}
          type="file"
          class="for-screen-readers"
          tabIndex={-1}
          aria-hidden="true"
          accept=".json,.csv,image/*"
          onChange={(event) => {
            const chosen = event.currentTarget.files?.[0];
            event.currentTarget.value = "";
            if (chosen) void openFile(session, chosen, chosen.name);
          }}
        />
        {backend.save && <Button icon="save" kind="primary" label={say("save")} onPress={() => void save(session)} />}
        <SaveAs primary={!backend.save} />
      </div>
    </>
  );
}

/** The way through the contact sheet, while one of its characters is edited. */
function SheetBar() {
  const session = useSession();
  const { say, state } = session;
  const { entry, sheet } = state;
  const before = neighbour(session, entry, -1);
  const after = neighbour(session, entry, 1);
  return (
    <nav class="row" aria-label={say("sheet")}>
      <Button icon="sheet" label={say("sheet")} onPress={() => showSheet(session)} />
      <Button
        icon="previous"
        bare
        label={say("previous")}
        disabled={!before}
        onPress={() => before && edit(session, before)}
      />
      <Button icon="next" bare label={say("next")} disabled={!after} onPress={() => after && edit(session, after)} />
      <Button
        icon="check"
        label={say("keepNext")}
        disabled={!entry}
        onPress={() => {
          const isOpen = sheet?.find((one) => one.name === entry)?.state === "open";
          if (entry && isOpen) void setKept(session, entry, true);
          if (after) edit(session, after);
          else showSheet(session);
        }}
      />
    </nav>
  );
}

/** A button that shows the kinds of files to save as. */
function SaveAs({ primary }: { readonly primary: boolean }) {
  const session = useSession();
  const { say } = session;
  const [open, setOpen] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!frame.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
    };
  }, [open]);
  const kinds: readonly [FileKind, string][] = [
    ["json", say("saveJson")],
    ["csv", say("saveCsv")],
    ["png", say("savePicture")],
  ];
  return (
    <div
      class="menu"
      ref={frame}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        setOpen(false);
        frame.current?.querySelector("button")?.focus();
      }}
    >
      <button
        type="button"
        class={`button ${primary ? "primary" : ""}`}
        aria-expanded={open}
        aria-controls="save-as"
        onClick={() => setOpen(!open)}
      >
        {primary && <Icon name="save" />}
        <span>{say("saveAs")}</span>
        <Icon name="down" />
      </button>
      <ul id="save-as" hidden={!open}>
        {kinds.map(([kind, label]) => (
          <li key={kind}>
            <button
              type="button"
              onClick={() => {
                setOpen(false);
                frame.current?.querySelector("button")?.focus();
                void download(session, kind);
              }}
            >
              {label}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
