import type { Picture } from "../photo/picture";

/** Draws one picture. */
export type Draw = (signal: AbortSignal) => Promise<Picture>;

interface Order {
  readonly draw: Draw;
  readonly drawn: (picture: Picture) => void;
  readonly refused?: ((error: unknown) => boolean) | undefined;
}

/** Draws one picture at a time: first the newest of the present character, then the thumbnails in their order. */
export class DrawQueue {
  private present: Order | null = null;
  private thumbnails: Order[] = [];
  private running: { readonly order: Order; readonly stop: AbortController } | null = null;

  /** @param failed - told of errors; what waits is dropped then. */
  constructor(private readonly failed: (error: unknown) => void) {}

  /** Draws the present character; of several calls while another picture is drawn, the last one counts. */
  drawPresent(draw: Draw, drawn: (picture: Picture) => void): void {
    this.present = { draw, drawn };
    void this.work();
  }

  /** Draws a thumbnail when nothing else is wanted. Returns what cancels it.
   *
   * @param refused - told of an error; returns whether it is this thumbnail's alone, so that the others are drawn.
   */
  drawThumbnail(draw: Draw, drawn: (picture: Picture) => void, refused?: (error: unknown) => boolean): () => void {
    const order = { draw, drawn, refused };
    this.thumbnails.push(order);
    void this.work();
    return () => {
      this.thumbnails = this.thumbnails.filter((other) => other !== order);
      if (this.running?.order === order) this.running.stop.abort();
    };
  }

  /** Drops everything that waits or is being drawn. */
  clear(): void {
    this.present = null;
    this.thumbnails = [];
    this.running?.stop.abort();
  }

  private async work(): Promise<void> {
    if (this.running) return;
    for (let order = this.next(); order; order = this.next()) {
      const stop = new AbortController();
      this.running = { order, stop };
      try {
        const picture = await order.draw(stop.signal);
        if (!stop.signal.aborted) order.drawn(picture);
      } catch (error) {
        if (!stop.signal.aborted && !order.refused?.(error)) {
          this.present = null;
          this.thumbnails = [];
          this.failed(error);
        }
      }
    }
    this.running = null;
  }

  private next(): Order | undefined {
    const order = this.present ?? this.thumbnails.shift();
    this.present = null;
    return order;
  }
}
