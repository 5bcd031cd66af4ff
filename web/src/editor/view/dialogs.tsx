import { useEffect, useRef, useState } from "preact/hooks";
import { lossText, modeName } from "../language";
import { closeChoices, openNewPhoto, takeChoice } from "../photoWork";
import { save } from "../saving";
import { answerLeave } from "../sheetWork";
import type { TextName } from "../texts";
import { Button } from "./buttons";
import { BusyBar } from "./busyBar";
import { useSession } from "./context";
import { Dialog } from "./dialog";
import { PictureView } from "./pictureView";

/** The window that is open now, if one is. */
export function Dialogs() {
  const session = useSession();
  const { dialog, leaving } = session.state;
  if (leaving) return <LeaveDialog />;
  if (dialog === "camera") return <CameraDialog />;
  if (dialog === "modes") return <ModesDialog />;
  if (dialog === "overwrite") return <OverwriteDialog title="changedTitle" text="changedText" button="overwrite" />;
  if (dialog === "removed") return <OverwriteDialog title="removedTitle" text="removedText" button="save" />;
  if (dialog === "help") return <HelpDialog />;
  return null;
}

/** All modes of the photo side by side, of which one can be taken. */
function ModesDialog() {
  const session = useSession();
  const { say, state } = session;
  return (
    <Dialog title={say("modesTitle")} wide onClose={() => closeChoices(session)}>
      <div class="choices">
        <figure>
          <PictureView picture={state.photo?.opened.face ?? null} label={say("picturePhoto")} />
          <figcaption>{say("photo")}</figcaption>
        </figure>
        {state.choices.map((choice) => {
          const mode = modeName(choice.mode, say);
          const { made } = choice;
          const loss = made?.losses.length ? say("loss", { loss: lossText(made.losses, state.language) }) : "\u00a0";
          return (
            <figure key={choice.mode}>
              <PictureView picture={choice.picture} label={say("pictureMode", { mode })} />
              <figcaption>
                {mode} <small>{made ? loss : say("waiting")}</small>
              </figcaption>
              <Button
                kind="primary"
                label={say("take", { mode })}
                disabled={!made}
                onPress={() => takeChoice(session, choice)}
              />
            </figure>
          );
        })}
      </div>
      <BusyBar />
    </Dialog>
  );
}

/** Takes a photo with the camera. */
function CameraDialog() {
  const session = useSession();
  const { say } = session;
  const video = useRef<HTMLVideoElement>(null);
  const [refused, setRefused] = useState(false);
  const [ready, setReady] = useState(false);
  useEffect(() => {
    let stream: MediaStream | null = null;
    let closed = false;
    const open = async () => {
      const wanted = { video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 720 } } };
      stream = await navigator.mediaDevices.getUserMedia(wanted);
      if (closed || !video.current) return stop();
      video.current.srcObject = stream;
      await video.current.play();
      setReady(true);
    };
    const stop = () => stream?.getTracks().forEach((track) => track.stop());
    open().catch(() => setRefused(true));
    return () => {
      closed = true;
      stop();
    };
  }, []);
  const close = () => session.set({ dialog: null });
  const take = () => {
    const source = video.current;
    if (!source || !ready) return;
    const canvas = document.createElement("canvas");
    canvas.width = source.videoWidth;
    canvas.height = source.videoHeight;
    canvas.getContext("2d")?.drawImage(source, 0, 0);
    close();
    canvas.toBlob((photo) => photo && void openNewPhoto(session, photo, "camera.jpg"), "image/jpeg", 0.95);
  };
  return (
    <Dialog title={say("cameraTitle")} onClose={close}>
      {refused ? (
        <p role="alert">{say("cameraRefused")}</p>
      ) : (
        <>
          <p>{say("cameraHint")}</p>
          <video ref={video} muted playsInline aria-label={say("cameraPicture")} />
        </>
      )}
      <div class="row end">
        <Button label={say("cancel")} onPress={close} />
        {!refused && <Button icon="camera" kind="primary" label={say("cameraTake")} disabled={!ready} onPress={take} />}
      </div>
    </Dialog>
  );
}

/** Asks about changes that are not saved. */
function LeaveDialog() {
  const session = useSession();
  const { say } = session;
  const answer = (given: "save" | "discard" | "cancel") => void answerLeave(session, given);
  return (
    <Dialog title={say("leaveTitle")} onClose={() => answer("cancel")}>
      <p>{say("leaveText", { name: session.state.name || say("untitled") })}</p>
      <div class="row end">
        <Button label={say("cancel")} onPress={() => answer("cancel")} />
        <Button label={say("leaveDiscard")} onPress={() => answer("discard")} />
        <Button kind="primary" label={say("save")} onPress={() => answer("save")} />
      </div>
    </Dialog>
  );
}

/** Asks before a file is written that somebody else has changed or removed. */
function OverwriteDialog(props: { readonly title: TextName; readonly text: TextName; readonly button: TextName }) {
  const session = useSession();
  const { say } = session;
  const close = () => session.set({ dialog: null });
  return (
    <Dialog title={say(props.title)} onClose={close}>
      <p>{say(props.text)}</p>
      <div class="row end">
        <Button label={say("cancel")} onPress={close} />
        <Button kind="primary" label={say(props.button)} onPress={() => void save(session, true)} />
      </div>
    </Dialog>
  );
}

/** The keys of the page. */
function HelpDialog() {
  const session = useSession();
  const { say, state } = session;
  const rows: readonly (readonly [string, string])[] = [
    ["Ctrl+Z, Ctrl+Shift+Z", say("helpUndo")],
    ["Ctrl+S", say("helpSave")],
    ["Ctrl+V", say("helpPaste")],
    ["← →, PgUp PgDn", say("helpSlider")],
    ["Home, Delete", say("helpReset")],
    [say("keyArrows"), say("helpTabs")],
    [say("keySpace"), say("helpStart")],
  ];
  return (
    <Dialog title={say("help")} onClose={() => session.set({ dialog: null })}>
      <dl class="keys">
        {rows.map(([keys, meaning]) => (
          <div key={meaning}>
            <dt>
              {keys.split(", ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      {state.sheet && (
        <p>
          {say("helpSheet")}: {say("sheetKeys")}
        </p>
      )}
    </Dialog>
  );
}
