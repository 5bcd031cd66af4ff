import { useEffect, useRef, useState } from "preact/hooks";
import { CharacterError } from "../../errors";
import type { Picture } from "../../photo/picture";
import type { SheetEntry } from "../backend";
import { sentenceOf } from "../language";
import { edit, neighbour, setKept } from "../sheetWork";
import { Button } from "./buttons";
import { useSession } from "./context";
import { Icon, type IconName } from "./icons";
import { PictureView } from "./pictureView";

const ICONS: Readonly<Record<SheetEntry["state"], IconName>> = { open: "eye", kept: "check", changed: "edit" };

/** The contact sheet: all characters of a folder, to keep or to edit. */
export function Sheet() {
  const session = useSession();
  const { say, state } = session;
  const entries = state.sheet ?? [];
  const [current, setCurrent] = useState(state.entry ?? entries[0]?.name ?? null);
  const list = useRef<HTMLUListElement>(null);
  const count = (wanted: SheetEntry["state"]) => entries.filter((entry) => entry.state === wanted).length;
  const go = (name: string | null) => {
    if (name === null) return;
    setCurrent(name);
    list.current
      ?.querySelector<HTMLElement>(`[data-place="${entries.findIndex((one) => one.name === name)}"]`)
      ?.focus();
  };
  // The keys work at once, also after the editor was left.
  useEffect(() => go(current), []);
  const onKey = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || current === null) return;
    const step = stepOf(event.key, list.current);
    const isKeep = event.key === "K";
    if (step !== 0) go(neighbour(session, current, step));
    else if (isKeep) {
      if (entries.find((entry) => entry.name === current)?.state === "open") void setKept(session, current, true);
      go(neighbour(session, current, 1));
    } else if (event.key.toLowerCase() === "e") edit(session, current);
    else return;
    event.preventDefault();
  };
  return (
    <section class="sheet" aria-labelledby="sheet-title">
      <h2 id="sheet-title">{say("sheet")}</h2>
      <p>
        {say("sheetOf", { count: entries.length, kept: count("kept"), changed: count("changed"), left: count("open") })}
      </p>
      <p class="fine" id="sheet-keys">
        {say("sheetKeys")}
      </p>
      <ul ref={list} onKeyDown={onKey}>
        {entries.map((entry, place) => (
          <Card
            key={entry.name}
            entry={entry}
            place={place}
            current={entry.name === current}
            onFocus={() => setCurrent(entry.name)}
          />
        ))}
      </ul>
    </section>
  );
}

/** Returns how many entries a key goes forth or back; up and down go by rows. */
function stepOf(key: string, list: HTMLElement | null): number {
  if (key === "ArrowRight" || key === "j") return 1;
  if (key === "ArrowLeft" || key === "k") return -1;
  if (key !== "ArrowDown" && key !== "ArrowUp") return 0;
  const cards = [...(list?.children ?? [])] as HTMLElement[];
  const columns = Math.max(1, cards.filter((card) => card.offsetTop === cards[0].offsetTop).length);
  return key === "ArrowDown" ? columns : -columns;
}

function Card(props: {
  readonly entry: SheetEntry;
  readonly place: number;
  readonly current: boolean;
  readonly onFocus: () => void;
}) {
  const { entry, place, current, onFocus } = props;
  const session = useSession();
  const { say } = session;
  const states = { open: say("stateOpen"), kept: say("stateKept"), changed: say("stateChanged") };
  return (
    <li class={`entry is-${entry.state} ${current ? "current" : ""}`} onFocusCapture={onFocus}>
      <button
        type="button"
        class="entry-picture"
        data-place={place}
        tabIndex={current ? 0 : -1}
        aria-label={say("editOf", { name: entry.name })}
        aria-describedby={`entry-state-${place} entry-refusal-${place} sheet-keys`}
        onClick={() => edit(session, entry.name)}
      >
        {entry.photo && (
          <Thumbnail
            name={`face of ${entry.name}`}
            refusalId={`entry-face-refusal-${place}`}
            get={(signal) => session.backend.entryFace(entry.name, signal)}
          />
        )}
        <Thumbnail
          name={entry.name}
          refusalId={`entry-refusal-${place}`}
          get={(signal) => session.backend.thumbnail(entry.name, signal)}
        />
      </button>
      <p class="file-name" title={entry.name}>
        {entry.name}
      </p>
      <p class="entry-state" id={`entry-state-${place}`}>
        <Icon name={ICONS[entry.state]} />
        {states[entry.state]}
      </p>
      <Button
        icon="check"
        bare
        label={say("keepOf", { name: entry.name })}
        pressed={entry.state === "kept"}
        onPress={() => void setKept(session, entry.name, entry.state !== "kept")}
      />
    </li>
  );
}

/** A small picture that is fetched once it is in view.
 *
 * @param name - by which it is remembered.
 * @param refusalId - names the sentence that stands in its place if it cannot be drawn.
 */
function Thumbnail(props: {
  readonly name: string;
  readonly refusalId: string;
  readonly get: (signal: AbortSignal) => Promise<Picture>;
}) {
  const { name, refusalId, get } = props;
  const session = useSession();
  const frame = useRef<HTMLDivElement>(null);
  const [picture, setPicture] = useState(session.thumbnails.get(name) ?? null);
  const [refusal, setRefusal] = useState("");
  useEffect(() => {
    if (!frame.current || picture) return;
    let cancel = () => {};
    const isRefused = (error: unknown) => {
      if (!(error instanceof CharacterError) || error.kind !== "invalid-input") return false;
      observer.disconnect();
      setRefusal(sentenceOf(error, session.say, false));
      return true;
    };
    const observer = new IntersectionObserver(
      ([seen]) => {
        cancel();
        if (!seen.isIntersecting) return;
        const show = (found: Picture) => {
          observer.disconnect();
          session.thumbnails.set(name, found);
          setPicture(found);
        };
        cancel = session.queue.drawThumbnail(get, show, isRefused);
      },
      { rootMargin: "200px" },
    );
    observer.observe(frame.current);
    return () => {
      observer.disconnect();
      cancel();
    };
  }, [name, picture]);
  return (
    <div ref={frame}>
      {refusal ? (
        <span class="refusal" id={refusalId}>
          {refusal}
        </span>
      ) : (
        <PictureView picture={picture} edge={128} />
      )}
    </div>
  );
}
