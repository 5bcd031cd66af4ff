import type { ComponentChildren } from "preact";
import { lockState, withLocks } from "../changes";
import { useSession } from "./context";
import { Icon, type IconName } from "./icons";

/** A button with an icon and a text, or with an icon alone, whose name is then shown on hovering. */
export function Button(props: {
  readonly icon?: IconName;
  readonly label: string;
  readonly onPress: () => void;
  readonly bare?: boolean;
  readonly kind?: "primary" | "quiet";
  readonly disabled?: boolean;
  readonly pressed?: boolean;
  readonly hint?: string | undefined;
  /** Whether the tab key passes over it while it is disabled, because a key of its neighbour does the same. */
  readonly skipped?: boolean;
  /** Whether a narrow page shows the icon alone. */
  readonly short?: boolean;
  readonly text?: ComponentChildren;
}) {
  const {
    icon,
    label,
    onPress,
    bare = false,
    kind,
    disabled = false,
    pressed,
    hint,
    skipped = false,
    short = false,
    text,
  } = props;
  return (
    <button
      type="button"
      class={`button ${bare ? "bare" : ""} ${kind ?? ""} ${short ? "short" : ""}`}
      // A button that cannot be pressed now stays in the order of focus: it is not lost when the last step is undone.
      aria-disabled={disabled ? "true" : undefined}
      tabIndex={disabled && skipped ? -1 : undefined}
      aria-pressed={pressed}
      aria-label={bare || text ? label : undefined}
      title={hint ?? (bare || short ? label : undefined)}
      onClick={() => {
        if (!disabled) onPress();
      }}
    >
      {icon && <Icon name={icon} />}
      {!bare && <span>{text ?? label}</span>}
    </button>
  );
}

/** Locks names and unlocks them.
 *
 * @param label - what it is called, such as "Lock Bag size".
 */
export function LockButton({ names, label }: { readonly names: readonly string[]; readonly label: string }) {
  const session = useSession();
  const state = lockState(session.parameters, names);
  return (
    <button
      type="button"
      class={`button bare lock is-${state}`}
      aria-pressed={state}
      aria-label={label}
      title={`${label}. ${session.say("lockHint")}`}
      onClick={() => session.change(withLocks(session.parameters, names, state !== "true"), label)}
    >
      <Icon name={state === "false" ? "unlocked" : "locked"} />
    </button>
  );
}
