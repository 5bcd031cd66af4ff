package f2p.kit

import kotlin.math.hypot

/** A rotation, a scale and a shift of the plane: x' = a x - b y + shift.x, y' = b x + a y + shift.y. */
internal data class Similarity(val a: Double, val b: Double, val shift: Point) {
    /** How much longer a line gets. */
    val scale: Double get() = hypot(a, b)

    fun apply(point: Point) = Point(a * point.x - b * point.y + shift.x, b * point.x + a * point.y + shift.y)

    val inverse: Similarity
        get() {
            val norm = a * a + b * b
            val back = Similarity(a / norm, -b / norm, Point(0.0, 0.0))
            return back.copy(shift = back.apply(shift) * -1.0)
        }

    companion object {
        /** Returns the transform that brings points nearest to others (least squares, no reflection). */
        fun fit(source: List<Point>, target: List<Point>): Similarity {
            val sourceMean = Point.mean(source)
            val targetMean = Point.mean(target)
            var real = 0.0
            var imaginary = 0.0
            var norm = 0.0
            for ((point, wanted) in source.zip(target)) {
                val s = point - sourceMean
                val t = wanted - targetMean
                real += s dot t
                imaginary += s.x * t.y - s.y * t.x
                norm += s dot s
            }
            val turned = if (norm == 0.0) {
                Similarity(1.0, 0.0, Point(0.0, 0.0))
            } else {
                Similarity(real / norm, imaginary / norm, Point(0.0, 0.0))
            }
            return turned.copy(shift = targetMean - turned.apply(sourceMean))
        }
    }
}
