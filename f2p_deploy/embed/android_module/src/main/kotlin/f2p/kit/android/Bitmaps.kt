package f2p.kit.android

import android.graphics.Bitmap
import f2p.kit.Picture

/**
 * Returns a bitmap as a picture; what is transparent lies on black.
 *
 * The bitmap is taken as it lies: turn a photo upright first (`ExifInterface` knows its orientation).
 */
fun Picture.Companion.of(bitmap: Bitmap): Picture {
    val readable =
        if (bitmap.config == Bitmap.Config.ARGB_8888) bitmap else bitmap.copy(Bitmap.Config.ARGB_8888, false)
    val (width, height) = readable.width to readable.height
    val colours = IntArray(width * height)
    readable.getPixels(colours, 0, width, 0, 0, width, height)
    val pixels = ByteArray(3 * width * height)
    for (i in colours.indices) {
        val colour = colours[i]
        val alpha = colour ushr 24
        for (channel in 0 until 3) {
            val value = colour shr (16 - 8 * channel) and 0xff
            pixels[3 * i + channel] = ((value * alpha + 127) / 255).toByte()
        }
    }
    return Picture(width, height, pixels)
}

/** Returns the picture as a bitmap. */
fun Picture.toBitmap(): Bitmap {
    val colours = IntArray(width * height) {
        fun channel(i: Int) = pixels[3 * it + i].toInt() and 0xff
        (0xff shl 24) or (channel(0) shl 16) or (channel(1) shl 8) or channel(2)
    }
    return Bitmap.createBitmap(colours, width, height, Bitmap.Config.ARGB_8888)
}
