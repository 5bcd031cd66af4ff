/** Opens the modules whose folders of assets are named, as a game would at its start, and prints what they say. */
package tools

import android.content.Context
import f2p.kit.CharacterGenerator
import f2p.kit.F2PError
import f2p.kit.Mode
import f2p.kit.android.bundled
import java.io.File
import kotlinx.coroutines.runBlocking

fun main(words: Array<String>) = runBlocking {
    for (folder in words.map { File(it) }) {
        val generator = CharacterGenerator.bundled(Context(File(folder, "assets"), File(folder, "files")))
        try {
            generator.warmUp(Mode.HYBRID)
            println("${folder.name}: right")
        } catch (error: F2PError) {
            println("${folder.name}: ${error.kind}: ${error.message}")
        }
    }
}
