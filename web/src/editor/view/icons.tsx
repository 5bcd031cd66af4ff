/** Outlines on a square of 24 units. */
const PATHS = {
  undo: "M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3",
  redo: "m15 14 5-5-5-5M20 9H10a6 6 0 0 0 0 12h3",
  open: "M3 7a2 2 0 0 1 2-2h4l2 2h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z",
  save: "M12 3v12m0 0 5-5m-5 5-5-5M4 19h16",
  locked: "M7 11V8a5 5 0 0 1 10 0v3M5 11h14v10H5zM12 15v2",
  unlocked: "M7 11V7a5 5 0 0 1 9.6-2M5 11h14v10H5zM12 15v2",
  reset: "M4 4v6h6M4.5 10a8 8 0 1 1-.4 4",
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 10a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z",
  photo: "M4 4h16v16H4zM4 16l5-5 4 4 3-3 4 4M15.5 8.5h.01",
  mirror: "M12 3v18M8 7 4 17h4zM16 7l4 10h-4z",
  random: "M5 5h14v14H5zM9 9h.01M15 9h.01M12 12h.01M9 15h.01M15 15h.01",
  compare: "M4 5h7v14H4zM13 5h7v14h-7z",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l5 5",
  close: "M6 6l12 12M18 6 6 18",
  warning: "M12 4 2.5 20h19zM12 10v5M12 17.5h.01",
  sheet: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  check: "m5 12 5 5L20 7",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  keyboard: "M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M8 14h8",
  engine: "M12 3 4 7.5v9L12 21l8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9",
  previous: "m14 6-6 6 6 6",
  next: "m10 6 6 6-6 6",
  down: "m6 9 6 6 6-6",
} as const;

/** The name of an icon. */
export type IconName = keyof typeof PATHS;

/** Shows an icon, which screen readers pass over: what it stands for is named beside it. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
