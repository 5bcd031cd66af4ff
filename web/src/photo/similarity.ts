import { mean, type Point } from "./landmarks";

/** A rotation, a scale and a shift of the plane: x' = a x - b y + x0, y' = b x + a y + y0. */
export class Similarity {
  constructor(
    readonly a: number,
    readonly b: number,
    readonly x: number,
    readonly y: number,
  ) {}

  /** Returns the transform that maps points onto others (least squares, no reflection). */
  static fit(source: readonly Point[], target: readonly Point[]): Similarity {
    const from = mean(source);
    const to = mean(target);
    let real = 0;
    let imaginary = 0;
    let norm = 0;
    source.forEach((point, i) => {
      const [sx, sy] = [point.x - from.x, point.y - from.y];
      const [tx, ty] = [target[i].x - to.x, target[i].y - to.y];
      real += sx * tx + sy * ty;
      imaginary += sx * ty - sy * tx;
      norm += sx * sx + sy * sy;
    });
    const a = norm === 0 ? 1 : real / norm;
    const b = norm === 0 ? 0 : imaginary / norm;
    return new Similarity(a, b, to.x - (a * from.x - b * from.y), to.y - (b * from.x + a * from.y));
  }

  /** The factor by which lengths grow. */
  get scale(): number {
    return Math.hypot(this.a, this.b);
  }

  /** Returns the transform whose result is scaled in addition. */
  scaled(factor: number): Similarity {
    return new Similarity(this.a * factor, this.b * factor, this.x * factor, this.y * factor);
  }

  apply(point: Point): Point {
    return { x: this.a * point.x - this.b * point.y + this.x, y: this.b * point.x + this.a * point.y + this.y };
  }

  get inverse(): Similarity {
    const norm = this.a * this.a + this.b * this.b;
    const [a, b] = [this.a / norm, -this.b / norm];
    return new Similarity(a, b, -(a * this.x - b * this.y), -(b * this.x + a * this.y));
  }
}
