package android.graphics

class Bitmap private constructor(private val colours: IntArray, val width: Int, val height: Int, val config: Config?) {
    enum class Config { ARGB_8888, RGB_565, HARDWARE }

    fun copy(config: Config, isMutable: Boolean): Bitmap = Bitmap(colours.copyOf(), width, height, config)

    fun getPixels(pixels: IntArray, offset: Int, stride: Int, x: Int, y: Int, width: Int, height: Int) {
        check(config != Config.HARDWARE) { "unable to getPixels(), pixel access is not supported on Config#HARDWARE" }
        for (row in 0 until height) for (column in 0 until width) {
            pixels[offset + row * stride + column] = colours[(y + row) * this.width + x + column]
        }
    }

    companion object {
        @JvmStatic
        fun createBitmap(colors: IntArray, width: Int, height: Int, config: Config): Bitmap =
            Bitmap(colors.copyOf(), width, height, config)
    }
}
