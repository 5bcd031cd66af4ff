package f2p.kit

import kotlin.math.ceil
import kotlin.math.floor

/**
 * Draws a transformed square of a photo, as f2p-deploy's Python side does.
 *
 * Where the photo shrinks, it is averaged over whole pixels first and drawn at twice the size after, so that fine texture
 * does not turn into patterns. Beyond the photo's edge its outermost pixels go on.
 */
internal fun warped(photo: Picture, toSquare: Similarity, size: Int): Picture {
    val oversampling = if (toSquare.scale < 1) 2 else 1
    val drawn = drawn(photo, toSquare, size, oversampling, ::bicubic)
    return if (oversampling > 1) reduced(drawn, oversampling) else drawn
}

/** Draws a transformed square as [warped] does, but once and bilinearly, for networks that only measure. */
internal fun quicklyWarped(photo: Picture, toSquare: Similarity, size: Int): Picture =
    drawn(photo, toSquare, size, 1, ::bilinear)

/** Writes one pixel, interpolated at a place of a picture, to an index and the two after it. */
private typealias Sample = (Picture, Point, ByteArray, Int) -> Unit

/** Draws a square at some times its size, of a photo that is averaged over blocks of pixels if it shrinks. */
private fun drawn(photo: Picture, toSquare: Similarity, size: Int, oversampling: Int, sample: Sample): Picture {
    val reduction = maxOf(1, floor(1 / toSquare.scale).toInt())
    val back = toSquare.inverse
    val (window, origin) = window(photo, back, size, 3 * reduction)
    val source = if (reduction > 1) reduced(window, reduction) else window
    val edge = size * oversampling
    val unit = (oversampling * reduction).toDouble()
    val left = (back.shift.x - origin.x) / reduction
    val top = (back.shift.y - origin.y) / reduction
    val pixels = ByteArray(3 * edge * edge)
    for (row in 0 until edge) {
        for (column in 0 until edge) {
            val x = column + 0.5
            val y = row + 0.5
            val place = Point((back.a * x - back.b * y) / unit + left, (back.b * x + back.a * y) / unit + top)
            val isInside = place.x >= 0 && place.x < source.width && place.y >= 0 && place.y < source.height
            if (isInside) sample(source, place, pixels, 3 * (row * edge + column))
        }
    }
    return Picture(edge, edge, pixels)
}

/** Returns which part of a warped square lies inside the photo, in [0, 1]. */
internal fun insideFraction(photo: Picture, toSquare: Similarity, size: Int): Double {
    val back = toSquare.inverse
    val cells = 32
    val cell = size.toDouble() / cells
    val inside = (0 until cells * cells).count {
        val place = back.apply(Point((it % cells + 0.5) * cell, (it / cells + 0.5) * cell))
        place.x >= 0 && place.x <= photo.width && place.y >= 0 && place.y <= photo.height
    }
    return inside.toDouble() / (cells * cells)
}

/** Cuts out the part of a photo that a warp reads, its edge pixels repeated beyond the photo, and its origin. */
private fun window(photo: Picture, back: Similarity, size: Int, margin: Int): Pair<Picture, Point> {
    val edge = size.toDouble()
    val corners = listOf(Point(0.0, 0.0), Point(edge, 0.0), Point(0.0, edge), Point(edge, edge)).map { back.apply(it) }
    val left = floor(corners.minOf { it.x }).toInt() - margin
    val top = floor(corners.minOf { it.y }).toInt() - margin
    val width = ceil(corners.maxOf { it.x }).toInt() + margin - left
    val height = ceil(corners.maxOf { it.y }).toInt() + margin - top
    val pixels = ByteArray(3 * width * height)
    for (row in 0 until height) {
        val line = (top + row).coerceIn(0, photo.height - 1) * photo.width
        for (column in 0 until width) {
            val start = 3 * (line + (left + column).coerceIn(0, photo.width - 1))
            photo.pixels.copyInto(pixels, 3 * (row * width + column), start, start + 3)
        }
    }
    return Picture(width, height, pixels) to Point(left.toDouble(), top.toDouble())
}

/** Averages squares of pixels; those cut off at the right and lower edge are averaged over what there is of them. */
private fun reduced(picture: Picture, factor: Int): Picture {
    val width = (picture.width + factor - 1) / factor
    val height = (picture.height + factor - 1) / factor
    val pixels = ByteArray(3 * width * height)
    for (row in 0 until height) {
        val rows = row * factor until minOf(picture.height, (row + 1) * factor)
        for (column in 0 until width) {
            val columns = column * factor until minOf(picture.width, (column + 1) * factor)
            val count = rows.count() * columns.count()
            for (channel in 0 until 3) {
                var sum = count / 2
                for (y in rows) for (x in columns) sum += picture.channel(y * picture.width + x, channel)
                pixels[3 * (row * width + column) + channel] = (sum / count).toByte()
            }
        }
    }
    return Picture(width, height, pixels)
}

/** Interpolates the sixteen pixels around a place (a = -1). */
private fun bicubic(picture: Picture, place: Point, pixels: ByteArray, index: Int) {
    val left = floor(place.x - 0.5)
    val top = floor(place.y - 0.5)
    val dx = place.x - 0.5 - left
    val dy = place.y - 0.5 - top
    for (channel in 0 until 3) {
        fun row(offset: Int): Double {
            val line = (top.toInt() + offset).coerceIn(0, picture.height - 1) * picture.width
            fun pixel(shift: Int): Double {
                val column = (left.toInt() + shift).coerceIn(0, picture.width - 1)
                return picture.channel(line + column, channel).toDouble()
            }
            return cubic(pixel(-1), pixel(0), pixel(1), pixel(2), dx)
        }
        val value = cubic(row(-1), row(0), row(1), row(2), dy)
        pixels[index + channel] = value.coerceIn(0.0, 255.0).toInt().toByte()
    }
}

/** Interpolates the four pixels around a place, rounded down as Pillow does. */
private fun bilinear(picture: Picture, place: Point, pixels: ByteArray, index: Int) {
    val left = floor(place.x - 0.5)
    val top = floor(place.y - 0.5)
    val dx = place.x - 0.5 - left
    val dy = place.y - 0.5 - top
    val columns = IntArray(2) { (left.toInt() + it).coerceIn(0, picture.width - 1) }
    val lines = IntArray(2) { (top.toInt() + it).coerceIn(0, picture.height - 1) * picture.width }
    for (channel in 0 until 3) {
        fun row(line: Int): Double {
            val start = picture.channel(line + columns[0], channel)
            return start + dx * (picture.channel(line + columns[1], channel) - start)
        }
        val upper = row(lines[0])
        pixels[index + channel] = (upper + dy * (row(lines[1]) - upper)).toInt().toByte()
    }
}

private fun cubic(v1: Double, v2: Double, v3: Double, v4: Double, d: Double): Double {
    val p2 = v3 - v1
    val p3 = 2 * (v1 - v2) + v3 - v4
    val p4 = v2 - v1 + v4 - v3
    return v2 + d * (p2 + d * (p3 + d * p4))
}
