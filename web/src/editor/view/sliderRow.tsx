import { Component } from "preact";
import { useState } from "preact/hooks";
import type { Controller } from "../../character/schema";
import { sliderName } from "../names";
import type { Language } from "../texts";
import { Button, LockButton } from "./buttons";
import { useSession } from "./context";

/** Steps of a slider from one end to the other, when it is moved by keys. */
const STEPS = 200;

/** Returns an engine's value as text, with as many digits as the slider's range makes sense of. */
export function engineText({ low, high }: Pick<Controller, "low" | "high">, value: number): string {
  const digits = Math.min(6, Math.max(0, 3 - Math.round(Math.log10(Math.max(high - low, 1e-6)))));
  return String(Number((low + value * (high - low)).toFixed(digits)));
}

/** Everything that one slider shows. */
interface Shown {
  readonly controller: Controller;
  /** In [0, 1]. */
  readonly value: number;
  readonly changed: boolean;
  readonly locked: boolean;
  readonly language: Language;
}

/** One slider, drawn anew only if what it shows has changed: an editor has 150 of them. */
export class SliderRow extends Component<Shown> {
  override shouldComponentUpdate(next: Shown): boolean {
    return (Object.keys(next) as (keyof Shown)[]).some((key) => next[key] !== this.props[key]);
  }

  override render({ controller, value, changed }: Shown) {
    return <Slider controller={controller} value={value} changed={changed} />;
  }
}

/** A slider's name, its value in the engine's units, its default, a reset and a lock. */
function Slider({ controller, value, changed }: Pick<Shown, "controller" | "value" | "changed">) {
  const session = useSession();
  const { say, backend } = session;
  const { name, standard } = controller;
  const shown = sliderName(controller);
  const unread = backend.unread.includes(name);
  const move = (to: number, gesture: string | null = null) =>
    session.change(session.parameters.withValue(name, to), shown, gesture);
  const reset = () => {
    session.endGesture();
    move(Math.fround(standard));
  };
  const id = `slider-${name}`;
  const numbers = new Intl.NumberFormat(session.state.language, { maximumFractionDigits: 6 });
  const spoken = (at: number) => numbers.format(Number(engineText(controller, at)));
  return (
    <div class={`slider ${changed ? "changed" : ""}`}>
      <label class="slider-name" for={id} title={name}>
        <span>{shown}</span>
        {changed && <span class="dot" title={say("changedMark")} />}
        {unread && <small title={say("unreadHint")}>{say("unread")}</small>}
      </label>
      <div class="slider-track">
        <Track value={value} standard={standard} />
        <input
          id={id}
          type="range"
          min="0"
          max="1"
          step={1 / STEPS}
          value={value}
          aria-valuetext={spoken(value)}
          title={say("sliderHint", { low: spoken(0), high: spoken(1), value: spoken(standard) })}
          onInput={(event) => move(Number(event.currentTarget.value), `slide ${name}`)}
          onPointerUp={() => session.endGesture()}
          onKeyUp={() => session.endGesture()}
          onBlur={() => session.endGesture()}
          onDblClick={reset}
          onKeyDown={(event) => {
            if (event.key !== "Home" && event.key !== "Delete" && event.key !== "Backspace") return;
            event.preventDefault();
            reset();
          }}
        />
      </div>
      <EngineValue controller={controller} value={value} onChange={move} />
      <Button
        icon="reset"
        bare
        kind="quiet"
        label={say("toDefaultOf", { name: shown })}
        skipped
        disabled={value === Math.fround(standard)}
        onPress={reset}
      />
      <LockButton names={[name]} label={say("lock", { name: shown })} />
    </div>
  );
}

/** The line below a slider's thumb: filled from the default to the value, with a mark at the default. */
function Track({ value, standard }: { readonly value: number; readonly standard: number }) {
  const percent = (part: number) => `${(100 * part).toFixed(2)}%`;
  const [low, high] = [Math.min(value, standard), Math.max(value, standard)];
  return (
    <svg class="track" aria-hidden="true" focusable="false">
      <rect class="rail" x="0" y="8" width="100%" height="4" rx="2" />
      <rect class="fill" x={percent(low)} y="8" width={percent(high - low)} height="4" />
      <line class="default" x1={percent(standard)} x2={percent(standard)} y1="3" y2="17" />
    </svg>
  );
}

/** The number of a slider, to be typed over; out of range, it is the nearest end. */
function EngineValue(props: {
  readonly controller: Controller;
  readonly value: number;
  readonly onChange: (value: number) => void;
}) {
  const { controller, value, onChange } = props;
  const session = useSession();
  const [draft, setDraft] = useState<string | null>(null);
  const take = () => {
    const typed = draft === null || draft.trim() === "" ? NaN : Number(draft);
    setDraft(null);
    if (!Number.isFinite(typed)) return;
    const { low, high } = controller;
    if (typed !== Number(engineText(controller, value))) {
      onChange(Math.min(1, Math.max(0, high > low ? (typed - low) / (high - low) : 0)));
    }
  };
  return (
    <input
      class="number"
      type="number"
      step="any"
      aria-label={session.say("valueOf", { name: sliderName(controller) })}
      value={draft ?? engineText(controller, value)}
      onInput={(event) => setDraft(event.currentTarget.value)}
      onBlur={take}
      onKeyDown={(event) => {
        if (event.key === "Enter") take();
        if (event.key === "Escape") setDraft(null);
      }}
    />
  );
}
