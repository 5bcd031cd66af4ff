package f2p.kit

/**
 * A picture: RGB, 8 bits a channel, row by row from the top left corner.
 *
 * @property width pixels in a row.
 * @property height number of rows.
 * @property pixels `3 * width * height` bytes: red, green and blue of each pixel in turn. They are not copied.
 * @throws F2PError of the kind `INVALID_INPUT` if there are not `3 * width * height` bytes.
 */
class Picture(val width: Int, val height: Int, val pixels: ByteArray) {
    init {
        val wanted = 3L * width * height
        if (width <= 0 || height <= 0 || pixels.size.toLong() != wanted) {
            throw invalid("a picture of $width x $height has $wanted bytes, found ${pixels.size}")
        }
    }

    /** Returns one of the three channels of the pixel with a number, in [0, 255]. */
    internal fun channel(pixel: Int, channel: Int): Int = pixels[3 * pixel + channel].toInt() and 0xff

    /** Returns `3 * width * height` numbers in [0, 1]: all of red, all of green, all of blue. */
    internal fun planes(): FloatArray {
        val count = width * height
        return FloatArray(3 * count) { channel(it % count, it / count) / 255f }
    }

    override fun equals(other: Any?): Boolean =
        other is Picture && other.width == width && other.height == height && other.pixels.contentEquals(pixels)

    override fun hashCode(): Int = 31 * width + pixels.contentHashCode()

    companion object {
        /**
         * Returns a square picture of what a network drew.
         *
         * @param planes `3 * edge * edge` numbers in [0, 1]: all of red, all of green, all of blue.
         * @param edge pixels in a row.
         */
        @JvmStatic
        fun ofPlanes(planes: FloatArray, edge: Int): Picture {
            val count = edge * edge
            val pixels = ByteArray(3 * count) {
                Math.rint((planes[it % 3 * count + it / 3] * 255f).toDouble()).toInt().coerceIn(0, 255).toByte()
            }
            return Picture(edge, edge, pixels)
        }
    }
}
