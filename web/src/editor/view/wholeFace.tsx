import { useId, useState } from "preact/hooks";
import { namesOf, reset, withLocks } from "../changes";
import { randomFace } from "../randomFace";
import { Button } from "./buttons";
import { useSession } from "./context";

/** What changes the face as a whole: mirror, random, resets and locks. */
export function WholeFace() {
  const session = useSession();
  const { say, parameters, backend, state } = session;
  const { schema } = backend;
  const [far, setFar] = useState(0.15);
  const id = useId();
  const names = [...schema.controllers.map((controller) => controller.name), ...namesOf(schema, null)];
  const title = say("tools");
  return (
    <section class="card whole" aria-labelledby="whole-title">
      <h2 id="whole-title">{title}</h2>
      <div class="row">
        <Button
          icon="random"
          label={say("random")}
          onPress={() => session.change(randomFace(parameters, far), say("random"))}
        />
        <div class="far">
          <label for={id}>{say("howFar")}</label>
          <input
            id={id}
            class="plain"
            type="range"
            min="0.01"
            max="1"
            step="0.01"
            value={far}
            aria-valuetext={say("percent", { value: Math.round(100 * far) })}
            onInput={(event) => setFar(Number(event.currentTarget.value))}
          />
          <output for={id}>{say("percent", { value: Math.round(100 * far) })}</output>
        </div>
      </div>
      <div class="row">
        <Button
          icon="mirror"
          label={say("mirror")}
          onPress={() => session.change(reset(parameters, names, parameters.mirrored().values), say("mirror"))}
        />
        <Button
          label={`${say("toStart")}: ${title}`}
          text={say("toStart")}
          onPress={() => session.change(reset(parameters, names, state.history.present.start), say("toStart"))}
        />
        <Button
          label={`${say("toDefault")}: ${title}`}
          text={say("toDefault")}
          onPress={() => session.change(reset(parameters, names, schema.average()), say("toDefault"))}
        />
        <Button
          icon="unlocked"
          label={say("unlockAll")}
          disabled={parameters.locked.size === 0}
          onPress={() => session.change(withLocks(parameters, names, false), say("unlockAll"))}
        />
      </div>
    </section>
  );
}
