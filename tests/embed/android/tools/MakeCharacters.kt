/**
 * Makes characters of photos, as a game would. Each line of the jobs names a photo, its width and height, the modes, a
 * parameter file or `-`, and the folder of the results.
 */
package tools

import android.content.Context
import ai.onnxruntime.OrtEnvironment
import android.system.Os
import f2p.kit.CharacterGenerator
import f2p.kit.F2PError
import f2p.kit.Mode
import f2p.kit.Parameters
import f2p.kit.Picture
import f2p.kit.android.bundled
import java.io.File
import kotlinx.coroutines.runBlocking

fun main(words: Array<String>) = runBlocking {
    val (assets, files, jobs) = words.map { File(it) }
    val fast = words.getOrNull(3)?.toBoolean()
    for (line in jobs.readLines()) {
        try {
            make(generatorOf(assets, files), line.split("\t"), fast)
        } catch (error: F2PError) {
            println("${error.kind}: ${error.message}")
        }
    }
    opened?.close()
    println("telemetry ${Os.variables["ORT_DISABLE_TELEMETRY"]} ${OrtEnvironment.reports}")
}

private var opened: CharacterGenerator? = null

private fun generatorOf(assets: File, files: File): CharacterGenerator =
    opened ?: CharacterGenerator.bundled(Context(assets, files)).also { opened = it }

private suspend fun make(generator: CharacterGenerator, job: List<String>, fast: Boolean?) {
    val (photo, width, height, modes, keep) = job
    val out = File(job[5])
    val aligned = generator.align(Picture(width.toInt(), height.toInt(), File(photo).readBytes()))
    out.mkdirs()
    File(out, "aligned.rgb").writeBytes(aligned.picture.pixels)
    File(out, "points.txt").writeText(aligned.landmarks.run { listOf(leftEye, rightEye, noseTip, mouthLeft, mouthRight) }
        .joinToString("\n") { "${it.x} ${it.y}" })
    for (word in modes.split(",")) {
        val mode = Mode.entries.first { it.text == word }
        val kept = if (keep == "-") null else Parameters.fromJson(File(keep).readText(), generator.schema)
        val losses = StringBuilder()
        val found = generator.generate(aligned.picture, mode, kept, fast) {
            losses.append("${it.done} ${it.total} ${it.loss}\n")
        }
        File(out, "$word.json").writeText(found.parameters.json)
        File(out, "$word.txt").writeText(losses.toString())
        File(out, "$word.rgb").writeBytes(generator.render(found.parameters).pixels)
    }
    println("made ${out.name}")
}
