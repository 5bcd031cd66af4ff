package f2p.kit

import java.io.File
import java.io.IOException
import java.io.InputStream
import java.util.Locale

/**
 * The graphs and their weights as files: unpacked once, and kept until another version comes.
 *
 * ONNX Runtime maps weights from files into memory, so several graphs share them; assets cannot be mapped.
 *
 * @param contract names the files, with their sizes and the digest of their content.
 * @param cache the folder to keep them in, best one that is not backed up.
 * @param open opens a file beside the contract, by its path.
 */
class ModelFiles(private val contract: Contract, private val cache: File, private val open: (String) -> InputStream) {
    /**
     * Returns the folder of the files; unpacks them if it is not there or not whole.
     *
     * @throws F2PError of the kind `MISSING` if a file is missing or there is not enough space.
     */
    @Synchronized
    fun folder(): File {
        val folder = File(cache, "$PREFIX${contract.digest.take(16)}")
        if (isWhole(folder)) return folder
        val partial = File(cache, "$PREFIX${System.nanoTime()}$PARTIAL")
        try {
            requireSpace()
            unpack(partial)
            folder.deleteRecursively()
            if (!partial.renameTo(folder) && !isWhole(folder)) throw IOException("cannot rename $partial")
        } catch (error: IOException) {
            throw F2PError(F2PErrorKind.MISSING, "cannot unpack the networks into $cache: ${error.message}", error)
        } finally {
            partial.deleteRecursively()
        }
        cache.listFiles()?.filter { it.name.startsWith(PREFIX) && it != folder }?.forEach { it.deleteRecursively() }
        return folder
    }

    private fun isWhole(folder: File) = contract.files.all { (name, size) -> File(folder, name).length() == size }

    private fun requireSpace() {
        if (!cache.isDirectory && !cache.mkdirs()) throw IOException("the folder cannot be made")
        val needed = contract.files.values.sum()
        if (cache.usableSpace < needed) {
            val sizes = listOf(needed, cache.usableSpace).map { "%.1f MB".format(Locale.ROOT, it / 1e6) }
            throw IOException("they need ${sizes[0]}, and ${sizes[1]} are free")
        }
    }

    private fun unpack(folder: File) {
        for ((name, size) in contract.files) {
            val file = File(folder, name)
            file.parentFile?.mkdirs()
            open(name).use { source -> file.outputStream().use { source.copyTo(it) } }
            if (file.length() != size) throw IOException("$name has ${file.length()} bytes instead of $size")
        }
    }

    private companion object {
        const val PREFIX = "f2pkit-"
        const val PARTIAL = ".part"
    }
}
