import { CharacterError } from "../../errors";
import type { Picture } from "../../photo/picture";
import { engineName } from "../language";
import type { Session } from "../session";
import { Button } from "./buttons";
import { useSession } from "./context";
import { Icon } from "./icons";
import { PictureView } from "./pictureView";

/** The picture of the character, alone or between the photo and the start. */
export function Stage() {
  const session = useSession();
  const { say, backend, state } = session;
  const { comparing, enginePicture, holdingStart, picture, startPicture, photo } = state;
  const engine = engineName(backend.engine ?? "", say);
  const now = holdingStart ? startPicture : (enginePicture ?? picture);
  const nowLabel = holdingStart
    ? say("pictureStart")
    : enginePicture
      ? say("pictureEngine", { engine })
      : say("pictureNow");
  const caption = holdingStart ? say("start") : enginePicture ? engine : say("now");
  return (
    <section class="stage" aria-labelledby="stage-title">
      <h2 id="stage-title" class="for-screen-readers">
        {say("picture")}
      </h2>
      <div class={`pictures ${comparing ? "compared" : ""}`}>
        {comparing && (
          <Shown
            picture={photo?.opened.face ?? null}
            label={say("picturePhoto")}
            caption={photo ? say("photo") : say("noPhoto")}
          />
        )}
        {comparing && <Shown picture={startPicture} label={say("pictureStart")} caption={say("start")} />}
        <Shown picture={now} label={nowLabel} caption={caption} />
      </div>
      <div class="stage-tools">
        <Button
          icon="compare"
          label={say("viewCompare")}
          pressed={comparing}
          onPress={() => session.set({ comparing: !comparing })}
        />
        <HoldStart />
        {backend.engine && (
          <Button
            icon="engine"
            label={say("drawWithEngine", { engine })}
            onPress={() => void drawWithEngine(session)}
          />
        )}
      </div>
    </section>
  );
}

function Shown({
  picture,
  label,
  caption,
}: {
  readonly picture: Picture | null;
  readonly label: string;
  readonly caption: string;
}) {
  return (
    <figure>
      <PictureView picture={picture} label={label} />
      <figcaption>{caption}</figcaption>
    </figure>
  );
}

/** Shows the start as long as it is held, by pointer or by key. */
function HoldStart() {
  const session = useSession();
  const hold = (holdingStart: boolean) => {
    if (session.state.holdingStart !== holdingStart) session.set({ holdingStart });
  };
  const isKey = (event: KeyboardEvent) => event.key === " " || event.key === "Enter";
  return (
    <button
      type="button"
      class="button hold"
      onPointerDown={() => hold(true)}
      onPointerUp={() => hold(false)}
      onPointerLeave={() => hold(false)}
      onPointerCancel={() => hold(false)}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={(event) => isKey(event) && hold(true)}
      onKeyUp={(event) => isKey(event) && hold(false)}
      onBlur={() => hold(false)}
    >
      <Icon name="eye" />
      <span>{session.say("holdStart")}</span>
    </button>
  );
}

async function drawWithEngine(session: Session): Promise<void> {
  const { backend, say, parameters } = session;
  if (!backend.engine) throw new CharacterError("missing", "there is no engine");
  await session.run(say("drawing"), async (signal) => {
    const enginePicture = await backend.drawWithEngine(parameters, signal);
    if (session.parameters.values === parameters.values) session.set({ enginePicture });
    session.tell(say("drawn"));
  });
}
