package f2p.kit

import kotlin.math.ceil
import kotlin.math.hypot
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive

/** Runs the two networks of the face finder on 8-bit RGB pictures. */
interface FinderNetworks {
    /** Returns 6 numbers per cell: score, x, y, eye distance, cosine and sine of the roll, in pixels of the picture. */
    suspend fun detect(picture: Picture): FloatArray

    /** Returns the reader's outputs by name: `points`, `face`, `disagreement`, `turn`. */
    suspend fun read(picture: Picture): Map<String, FloatArray>
}

/**
 * Finds faces of any roll by two small networks: the same steps as f2p-deploy's built-in finder.
 *
 * The photo is searched whole, then with a margin, in quarter turns and in tiles, until a face is found. Each detection is
 * turned upright and read twice.
 */
class NetworkFaceFinder(private val networks: FinderNetworks) : FaceFinder, AutoCloseable {
    /** Frees the memory of the networks, if they hold any; the next call loads them again. */
    override fun close() {
        (networks as? AutoCloseable)?.close()
    }

    override suspend fun faces(photo: Picture): List<FoundFace> {
        val readings = ArrayList<Reading>()
        for ((attempt, searched) in squares(photo.height, photo.width).withIndex()) {
            for (square in searched) {
                currentCoroutineContext().ensureActive()
                readings += search(photo, square.toPicture())
            }
            val most = readings.maxOfOrNull { it.face } ?: 0f
            if (most >= SURE || (readings.isNotEmpty() && attempt >= LAST_OF_WHOLE)) break
        }
        return different(readings).sortedByDescending { unitOf(it.points) }.take(MOST_FACES)
            .map { FoundFace(Landmarks.of(it.points), it.yaw.toDouble()) }
    }

    /** Detects the faces in a square of the photo and reads them. */
    private suspend fun search(photo: Picture, toPicture: Similarity): List<Reading> {
        val rows = networks.detect(quicklyWarped(photo, toPicture, PHOTO_EDGE))
        return bestDetections(rows, toPicture.inverse).mapNotNull { readDetection(photo, it) }
    }

    /** Reads a face several times, upright and turned by 180 degrees; returns null if it is not a face. */
    private suspend fun readDetection(photo: Picture, detection: Detection): Reading? {
        for (tried in listOf(detection, detection.copy(cos = -detection.cos, sin = -detection.sin))) {
            var reading = read(photo, tried.toUpright())
            repeat(READINGS - 1) {
                if (reading.face >= FIRST_FACE) {
                    reading = read(photo, Similarity.fit(reading.points, TEMPLATE.map { it * FACE_EDGE.toDouble() }))
                }
            }
            if (reading.face >= FACE && reading.disagreement <= APART) return reading
        }
        return null
    }

    private suspend fun read(photo: Picture, toPicture: Similarity): Reading {
        val found = networks.read(quicklyWarped(photo, toPicture, FACE_EDGE))
        fun output(name: String) = found[name] ?: throw F2PError(
            F2PErrorKind.MISSING, "the face finder's reader gives no '$name': embed the artifact again"
        )
        val back = toPicture.inverse
        val places = output("points")
        val points = (0 until 5).map { back.apply(Point(places[2 * it].toDouble(), places[2 * it + 1].toDouble())) }
        return Reading(points, output("face")[0], output("disagreement")[0], output("turn")[0])
    }
}

/** Edges in pixels of the pictures that the two networks take. */
private const val PHOTO_EDGE = 192
private const val FACE_EDGE = 128

/** Smallest score of a detection, and largest number of detections that are read in one square. */
private const val SCORE = 0.25
private const val MOST_DETECTIONS = 12

/** Smallest distance of two detections, in eye distances of the larger one. */
private const val APART_BY = 1.2

/** Places of the five points in an upright close-up, in fractions of its edge. */
private val TEMPLATE =
    listOf(Point(0.34375, 0.334), Point(0.65625, 0.334), Point(0.5, 0.51), Point(0.357, 0.671), Point(0.643, 0.671))

/** Number of times that a face is read, each time in a close-up by the points of the reading before. */
private const val READINGS = 2

/** Smallest probability of a face, in the first reading and in the last. */
private const val FIRST_FACE = 0.2
private const val FACE = 0.92

/** Largest disagreement of a face with its mirror image. */
private const val APART = 0.08

/** The probability of a face that ends the search, and the last search of the whole photo; after it, any face ends it. */
private const val SURE = 0.97
private const val LAST_OF_WHOLE = 2

/** The margin of the second view is the photo's longer edge / this. */
private const val MARGIN = 3

private const val SMALLEST_TILE = 256.0
private const val MOST_TILES_ACROSS = 8
private const val MOST_FACES = 5

/** A square of the photo: left, top and edge in pixels; anticlockwise quarter turns of its picture. */
internal data class Square(val left: Double, val top: Double, val edge: Double, val turns: Int = 0) {
    fun toPicture(): Similarity {
        val scale = PHOTO_EDGE / edge
        var found = Similarity(scale, 0.0, Point(-scale * left, -scale * top))
        repeat(turns) { found = Similarity(found.b, -found.a, Point(found.shift.y, PHOTO_EDGE - found.shift.x)) }
        return found
    }
}

/** A possible face: score, middle and eye distance in pixels, cosine and sine of its roll. */
internal data class Detection(val score: Double, val middle: Point, val eyes: Double, val cos: Double, val sin: Double) {
    /** Returns the transform from the photo to the upright close-up. */
    fun toUpright(): Similarity {
        val scale = (TEMPLATE[1].x - TEMPLATE[0].x) * FACE_EDGE / eyes
        val (a, b) = scale * cos to scale * sin
        val half = FACE_EDGE / 2
        return Similarity(
            a, -b, Point(half - a * middle.x - b * middle.y, half + b * middle.x - a * middle.y)
        )
    }
}

/** The reader's outputs, its points in pixels of the photo, the yaw in degrees. */
internal class Reading(val points: List<Point>, val face: Float, val disagreement: Float, val yaw: Float)

/** Yields the squares of a photo to search, cheapest first: the whole, with a margin, in quarter turns, then tiles. */
internal fun squares(height: Int, width: Int): Sequence<List<Square>> = sequence {
    val longest = maxOf(height, width)
    fun whole(edge: Int, turns: Int = 0) = Square((width - edge) / 2.0, (height - edge) / 2.0, edge.toDouble(), turns)
    yield(listOf(whole(longest)))
    yield(listOf(whole(longest + 2 * (longest / MARGIN))))
    yield(listOf(1, 3, 2).map { whole(longest, it) })
    var across = 2
    while (across <= MOST_TILES_ACROSS && longest / across.toDouble() >= SMALLEST_TILE) {
        val side = ceil(longest / across.toDouble()).toInt()
        val step = side / 2
        val tops = 0 until maxOf(1, height - step) step step
        val lefts = 0 until maxOf(1, width - step) step step
        yield(tops.flatMap { top -> lefts.map { Square(it.toDouble(), top.toDouble(), side.toDouble()) } })
        across *= 2
    }
}

/** Returns the detector's best faces in pixels of the photo, best first, none of them near a better one. */
internal fun bestDetections(rows: FloatArray, toPhoto: Similarity): List<Detection> {
    val scale = toPhoto.scale
    val (a, b) = toPhoto.a / scale to toPhoto.b / scale
    val kept = ArrayList<Detection>()
    for (i in (0 until rows.size / 6).sortedByDescending { rows[6 * it] }) {
        val (score, x, y, eyes, cos) = List(5) { rows[6 * i + it].toDouble() }
        val sin = rows[6 * i + 5].toDouble()
        if (score < SCORE || kept.size == MOST_DETECTIONS) break
        val found = Detection(score, toPhoto.apply(Point(x, y)), scale * eyes, a * cos - b * sin, b * cos + a * sin)
        val near = kept.any { distance(found.middle, it.middle) < APART_BY * maxOf(found.eyes, it.eyes) }
        if (!near) kept += found
    }
    return kept
}

/** Returns the readings of different faces; of several readings of a face, the most probable one. */
internal fun different(readings: List<Reading>): List<Reading> {
    val kept = ArrayList<Reading>()
    for (reading in readings.sortedByDescending { it.face }) {
        val near = kept.any {
            val apart = distance(Point.mean(reading.points), Point.mean(it.points))
            apart < APART_BY * maxOf(eyesOf(reading.points), eyesOf(it.points))
        }
        if (!near) kept += reading
    }
    return kept
}

/** Returns the length by which faces are ordered: that of the box around eyes and mouth grows with it. */
private fun unitOf(points: List<Point>): Double {
    val height = distance(Point.mean(points.subList(0, 2)), Point.mean(points.subList(3, 5)))
    return maxOf(eyesOf(points), 0.9 * height)
}

private fun eyesOf(points: List<Point>): Double = distance(points[0], points[1])

private fun distance(a: Point, b: Point): Double = hypot(a.x - b.x, a.y - b.y)
