import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Button } from "./buttons";
import { useSession } from "./context";

/** A window above the page; the browser keeps the focus in it. Afterwards it is where it was. */
export function Dialog(props: {
  readonly title: string;
  readonly onClose: () => void;
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}) {
  const { title, onClose, wide = false, children } = props;
  const session = useSession();
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    dialog.current?.showModal();
    // The window may be gone from the page by now, and with it the browser's memory of the focus.
    return () => queueMicrotask(() => document.activeElement === document.body && before?.focus());
  }, []);
  return (
    <dialog
      ref={dialog}
      class={wide ? "wide" : ""}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div class="dialog-head">
        <h2 id={id}>{title}</h2>
        <Button icon="close" label={session.say("close")} bare kind="quiet" onPress={onClose} />
      </div>
      {children}
    </dialog>
  );
}
