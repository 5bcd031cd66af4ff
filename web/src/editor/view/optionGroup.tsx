import { useEffect, useRef, useState } from "preact/hooks";
import type { DiscreteGroup } from "../../character/schema";
import type { Picture } from "../../photo/picture";
import { words } from "../names";
import { Button, LockButton } from "./buttons";
import { useSession } from "./context";
import { PictureView } from "./pictureView";

/** One discrete group: its options as pictures of the present character with each of them. */
export function OptionGroup({ group, changed }: { readonly group: DiscreteGroup; readonly changed: boolean }) {
  const session = useSession();
  const { say, parameters } = session;
  const shown = words(group.name);
  const frame = useRef<HTMLFieldSetElement>(null);
  const near = useNear(frame);
  const choose = (option: string) => session.change(parameters.withChoice(group.name, option), shown);
  return (
    <fieldset class="option-group" ref={frame}>
      <legend title={group.name}>
        {shown}
        {changed && <span class="dot" title={say("changedMark")} />}
      </legend>
      <div class="option-tools">
        <Button
          icon="reset"
          bare
          kind="quiet"
          label={say("toDefaultOf", { name: shown })}
          disabled={parameters.choice(group.name) === group.standard}
          onPress={() => choose(group.standard)}
        />
        <LockButton names={[group.name]} label={say("lock", { name: shown })} />
      </div>
      <div class="options">
        {group.options.map((option) => (
          <label key={option} class="option" title={option}>
            <input
              type="radio"
              name={`option-${group.name}`}
              checked={parameters.choice(group.name) === option}
              onChange={() => choose(option)}
            />
            <Thumbnail group={group.name} option={option} near={near} />
            <span>
              {words(option)}
              {option === group.standard && <small>{say("standard")}</small>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** The character with another option, drawn once it rests and is near what is seen. */
function Thumbnail({
  group,
  option,
  near,
}: {
  readonly group: string;
  readonly option: string;
  readonly near: boolean;
}) {
  const session = useSession();
  const [picture, setPicture] = useState<Picture | null>(null);
  const drawnFor = useRef<Float32Array | null>(null);
  const { rested } = session.state;
  useEffect(() => {
    if (!rested || !near || drawnFor.current === rested.values) return;
    const parameters = rested.withChoice(group, option);
    return session.queue.drawThumbnail(
      (signal) => session.backend.draw(parameters, signal),
      (drawn) => {
        drawnFor.current = rested.values;
        setPicture(drawn);
      },
    );
  }, [rested, near, group, option]);
  const stale = picture !== null && drawnFor.current !== session.parameters.values;
  return <PictureView picture={picture} edge={session.backend.imageSize} stale={stale} />;
}

/** Returns whether an element is in view or close to it. */
function useNear(element: { readonly current: Element | null }): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver(([entry]) => setNear(entry.isIntersecting), { rootMargin: "200px" });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return near;
}
