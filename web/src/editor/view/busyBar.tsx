import { useId } from "preact/hooks";
import { Button } from "./buttons";
import { useSession } from "./context";

/** Long work: how far it is, and the button that stops it. */
export function BusyBar() {
  const session = useSession();
  const { say, state } = session;
  const id = useId();
  const { busy } = state;
  if (!busy) return null;
  const loss =
    busy.loss === undefined
      ? ""
      : new Intl.NumberFormat(state.language, { maximumSignificantDigits: 3 }).format(busy.loss);
  return (
    <div class="busy">
      <div>
        <p id={id}>{busy.what}</p>
        {busy.total !== undefined && (
          <p class="fine">{say("stepOf", { done: busy.done ?? 0, total: busy.total, loss })}</p>
        )}
        <progress aria-labelledby={id} max={busy.total ?? 1} value={busy.total === undefined ? undefined : busy.done} />
      </div>
      <Button label={say("stop")} onPress={busy.stop} />
    </div>
  );
}
