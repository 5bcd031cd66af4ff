import { useRef } from "preact/hooks";
import { modeName, warningText } from "../language";
import { compareModes, make, openFile } from "../photoWork";
import type { Photo } from "../state";
import { Button } from "./buttons";
import { useSession } from "./context";
import { Icon } from "./icons";
import { PictureView } from "./pictureView";

/** The photo, what to know about it, and the modes that make a character of it. */
export function PhotoPanel() {
  const session = useSession();
  const { say, backend, state } = session;
  const { photo } = state;
  const file = useRef<HTMLInputElement>(null);
  return (
    <section class="card photo" aria-labelledby="photo-title">
      <h2 id="photo-title">{say("photo")}</h2>
      {photo ? (
        <OpenPhoto photo={photo} />
      ) : (
        <div class="drop">
          <Icon name="photo" />
          <p>{say("dropHere")}</p>
        </div>
      )}
      <div class="row">
        <Button
          icon="photo"
          label={say(photo ? "otherPhoto" : "choosePhoto")}
          {...(photo ? {} : { kind: "primary" })}
          onPress={() => file.current?.click()}
        />
        <Button icon="camera" label={say("takePhoto")} onPress={() => session.set({ dialog: "camera" })} />
        <input
          ref={file}
          type="file"
          class="for-screen-readers"
          tabIndex={-1}
          aria-hidden="true"
          accept="image/*,.json,.csv"
          onChange={(event) => {
            const chosen = event.currentTarget.files?.[0];
            event.currentTarget.value = "";
            if (chosen) void openFile(session, chosen, chosen.name);
          }}
        />
      </div>
      {photo && <Modes />}
      <p class="fine">{say(backend.kind === "browser" ? "stays" : "staysServer")}</p>
    </section>
  );
}

function OpenPhoto({ photo }: { readonly photo: Photo }) {
  const { say } = useSession();
  const { opened } = photo;
  return (
    <>
      <div class="face">
        <PictureView picture={opened.face} label={say("picturePhoto")} />
        <div>
          <p class="file-name">{photo.name}</p>
          {opened.faces > 1 && <p class="fine">{say("faces", { count: opened.faces })}</p>}
        </div>
      </div>
      {opened.warnings.length > 0 && (
        <ul class="warnings">
          {opened.warnings.map((warning) => (
            <li key={warning.code}>
              <Icon name="warning" />
              <span>{warningText(warning, say)}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** Chooses a mode and makes the character. */
function Modes() {
  const session = useSession();
  const { say, backend, state, parameters } = session;
  const { photo, mode } = state;
  const about = { "one-shot": "oneShotIs", iterative: "iterativeIs", hybrid: "hybridIs" } as const;
  const locked = parameters.locked.size;
  return (
    <>
      <fieldset class="modes">
        <legend>{say("mode")}</legend>
        {backend.modes.map((one) => (
          <label key={one}>
            <input type="radio" name="mode" checked={one === mode} onChange={() => session.set({ mode: one })} />
            <span>
              {modeName(one, say)}
              <small>
                {say(about[one])}
                {photo?.opened.suits === one && <em> · {say("suits")}</em>}
              </small>
            </span>
          </label>
        ))}
      </fieldset>
      <div class="row">
        <Button
          kind="primary"
          label={locked ? say("fitAgain", { count: locked }) : say("make")}
          onPress={() => void make(session, mode)}
        />
        {backend.modes.length > 1 && (
          <Button icon="compare" label={say("compareModes")} onPress={() => void compareModes(session)} />
        )}
      </div>
    </>
  );
}
