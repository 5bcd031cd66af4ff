import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { useSession } from "./context";
import { Icon } from "./icons";

/** One tab: a part of the face. */
export interface Tab {
  readonly id: string;
  readonly label: string;
  readonly changed: boolean;
  readonly locked: boolean;
}

/** A row of tabs, of which arrow keys choose another one, and the panel of the chosen one. */
export function Tabs(props: {
  readonly label: string;
  readonly tabs: readonly Tab[];
  readonly chosen: string;
  readonly onChoose: (id: string) => void;
  readonly children: ComponentChildren;
}) {
  const { label, tabs, chosen, onChoose, children } = props;
  const { say } = useSession();
  const row = useRef<HTMLDivElement>(null);
  const place = tabs.findIndex((tab) => tab.id === chosen);
  const go = (to: number) => {
    const next = (to + tabs.length) % tabs.length;
    onChoose(tabs[next].id);
    (row.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  const keys: Readonly<Record<string, number>> = {
    ArrowRight: place + 1,
    ArrowDown: place + 1,
    ArrowLeft: place - 1,
    ArrowUp: place - 1,
    Home: 0,
    End: tabs.length - 1,
  };
  return (
    <>
      <div
        ref={row}
        class="tabs"
        role="tablist"
        aria-label={label}
        onKeyDown={(event) => {
          const to = keys[event.key];
          if (to === undefined) return;
          event.preventDefault();
          go(to);
        }}
      >
        {tabs.map((tab, i) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`tab-${i}`}
            aria-selected={tab.id === chosen}
            aria-controls="panel"
            tabIndex={tab.id === chosen ? 0 : -1}
            onClick={() => onChoose(tab.id)}
          >
            {tab.label}
            {tab.locked && <Icon name="locked" />}
            {tab.changed && (
              <>
                <span class="dot" />
                <span class="for-screen-readers">, {say("changedMark")}</span>
              </>
            )}
          </button>
        ))}
      </div>
      <div class="panel" id="panel" role="tabpanel" aria-labelledby={`tab-${place}`}>
        {children}
      </div>
    </>
  );
}
