import { useState } from "preact/hooks";
import type { Controller, DiscreteGroup } from "../../character/schema";
import { differences, lockState, namesOf, reset } from "../changes";
import { partName } from "../language";
import { matches, sliderName, words } from "../names";
import { Button, LockButton } from "./buttons";
import { useSession } from "./context";
import { Icon } from "./icons";
import { OptionGroup } from "./optionGroup";
import { SliderRow } from "./sliderRow";
import { Tabs, type Tab } from "./tabs";

/** The discrete groups' place among the parts of the face. */
const OPTIONS = null;

/** All sliders and options, by part of the face, or those whose name was typed. */
export function Controls() {
  const session = useSession();
  const { say, parameters, backend } = session;
  const { schema } = backend;
  const [typed, setTyped] = useState("");
  const parts = [...(schema.discrete.length ? [OPTIONS] : []), ...schema.groups];
  const [chosen, setChosen] = useState<string | null>(parts[0]);
  const changed = differences(parameters, session.state.history.present.start);
  const tabs: Tab[] = parts.map((part) => {
    const names = namesOf(schema, part);
    return {
      id: part ?? "=options",
      label: part === OPTIONS ? say("options") : partName(part, say),
      changed: names.some((name) => changed.has(name)),
      locked: lockState(parameters, names) !== "false",
    };
  });
  return (
    <section class="controls" id="controls" tabIndex={-1} aria-labelledby="controls-title">
      <div class="controls-head">
        <h2 id="controls-title">{say("controls")}</h2>
        <div class="find">
          <Icon name="search" />
          <input
            type="search"
            value={typed}
            aria-label={say("find")}
            placeholder={say("find")}
            onInput={(event) => setTyped(event.currentTarget.value)}
          />
        </div>
      </div>
      {typed.trim() ? (
        <Found typed={typed.trim()} parts={parts} changed={changed} />
      ) : (
        <Tabs
          label={say("parts")}
          tabs={tabs}
          chosen={chosen ?? "=options"}
          onChoose={(id) => setChosen(id === "=options" ? OPTIONS : id)}
        >
          <PartPanel part={chosen} changed={changed} />
        </Tabs>
      )}
    </section>
  );
}

/** One part of the face with everything in it. */
function PartPanel({ part, changed }: { readonly part: string | null; readonly changed: ReadonlySet<string> }) {
  const session = useSession();
  const { say, parameters, backend, state } = session;
  const { schema } = backend;
  const name = part === OPTIONS ? say("options") : partName(part, say);
  const names = namesOf(schema, part);
  const resetTo = (values: Float32Array) => session.change(reset(parameters, names, values), name);
  return (
    <>
      <div class="part-head">
        <h3>{name}</h3>
        <Button
          label={`${say("toStart")}: ${name}`}
          text={say("toStart")}
          kind="quiet"
          onPress={() => resetTo(state.history.present.start)}
        />
        <Button
          label={`${say("toDefault")}: ${name}`}
          text={say("toDefault")}
          kind="quiet"
          onPress={() => resetTo(schema.average())}
        />
        <LockButton names={names} label={say("lockPart", { name })} />
      </div>
      <Rows
        sliders={schema.controllers.filter((controller) => controller.group === part)}
        groups={part === OPTIONS ? schema.discrete : []}
        changed={changed}
      />
    </>
  );
}

/** Everything whose name was typed, under the names of the parts. */
function Found(props: {
  readonly typed: string;
  readonly parts: readonly (string | null)[];
  readonly changed: ReadonlySet<string>;
}) {
  const { typed, parts, changed } = props;
  const { say, backend } = useSession();
  const found = parts.map((part) => {
    const title = part === OPTIONS ? say("options") : partName(part, say);
    const fits = (name: string, shown: string) => matches(typed, name, shown, title);
    const sliders = backend.schema.controllers.filter((one) => one.group === part && fits(one.name, sliderName(one)));
    const groups = part === OPTIONS ? backend.schema.discrete.filter((one) => fits(one.name, words(one.name))) : [];
    return { part, title, sliders, groups };
  });
  const count = found.reduce((sum, { sliders, groups }) => sum + sliders.length + groups.length, 0);
  return (
    <div class="panel">
      <p role="status">{count ? say("found", { count }) : say("foundNone")}</p>
      {found.map(({ part, title, sliders, groups }) =>
        sliders.length + groups.length ? (
          <section key={part ?? ""} class="found">
            <h3>{title}</h3>
            <Rows sliders={sliders} groups={groups} changed={changed} />
          </section>
        ) : null,
      )}
    </div>
  );
}

function Rows(props: {
  readonly sliders: readonly Controller[];
  readonly groups: readonly DiscreteGroup[];
  readonly changed: ReadonlySet<string>;
}) {
  const { sliders, groups, changed } = props;
  const { parameters, state } = useSession();
  return (
    <>
      {groups.map((group) => (
        <OptionGroup key={group.name} group={group} changed={changed.has(group.name)} />
      ))}
      {sliders.map((controller) => (
        <SliderRow
          key={controller.name}
          controller={controller}
          value={parameters.value(controller.name)}
          changed={changed.has(controller.name)}
          locked={parameters.locked.has(controller.name)}
          language={state.language}
        />
      ))}
    </>
  );
}
