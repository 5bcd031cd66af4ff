import { useLayoutEffect, useRef } from "preact/hooks";
import type { Picture } from "../../photo/picture";
import { paint } from "./canvas";

/** Shows a picture on a canvas; an empty square until there is one.
 *
 * @param label - what it shows; without it, the picture is named by the text beside it.
 */
export function PictureView(props: {
  readonly picture: Picture | null;
  readonly label?: string;
  readonly edge?: number;
  /** Whether the picture shows what was before, and another one is being drawn. */
  readonly stale?: boolean;
}) {
  const { picture, label, edge = 256, stale = false } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    if (canvas.current && picture) paint(canvas.current, picture);
  }, [picture]);
  return (
    <canvas
      ref={canvas}
      class={`picture ${picture ? "" : "empty"} ${stale ? "stale" : ""}`}
      width={edge}
      height={edge}
      role={label ? "img" : undefined}
      aria-label={label}
      aria-hidden={label ? undefined : "true"}
    />
  );
}
