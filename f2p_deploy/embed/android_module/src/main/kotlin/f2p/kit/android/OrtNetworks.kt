package f2p.kit.android

import ai.onnxruntime.OnnxJavaType
import ai.onnxruntime.OnnxTensor
import f2p.kit.Compared
import f2p.kit.Contract
import f2p.kit.Description
import f2p.kit.F2PError
import f2p.kit.F2PErrorKind
import f2p.kit.FinderNetworks
import f2p.kit.ModelFiles
import f2p.kit.Networks
import f2p.kit.Picture
import f2p.kit.Step
import f2p.kit.Stepped
import java.io.File
import java.nio.ByteBuffer
import java.nio.FloatBuffer
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext

/** As many threads as a phone has fast cores, at most. */
internal fun usualThreads() = Runtime.getRuntime().availableProcessors().coerceIn(1, 4)

/**
 * The graphs by ONNX Runtime. Files are unpacked and sessions opened when they are first used; calls take turns.
 *
 * @param contract the facts about the graphs.
 * @param files the graphs and their weights.
 * @param provider what computes.
 * @param threads number of threads of one call.
 */
class OrtNetworks @JvmOverloads constructor(
    private val contract: Contract,
    private val files: ModelFiles,
    provider: Provider = Provider.CPU,
    threads: Int = usualThreads(),
) : Networks, AutoCloseable {
    private val runtime = OrtRuntime(provider, threads)

    override val device: String get() = runtime.words

    override suspend fun load(graphs: List<String>) = elsewhere {
        graphs.forEach { runtime.load(file(graph(it))) }
    }

    override suspend fun oneShot(face: Picture): FloatArray = elsewhere {
        run("one_shot", mapOf("face" to face.planes())).output("parameters")
    }

    override suspend fun describe(face: Picture): Description = elsewhere {
        val found = run("describe", mapOf("face" to face.planes()))
        Description(found.output("identity"), found.output("content"))
    }

    override suspend fun render(parameters: FloatArray): Picture = elsewhere {
        Picture.ofPlanes(run("render", mapOf("parameters" to parameters)).output("image"), contract.imageSize)
    }

    override suspend fun step(step: Step, photo: Description, fast: Boolean): Stepped = elsewhere {
        val inputs = mapOf(
            "state" to step.state,
            "before" to step.before,
            "identity" to photo.identity,
            "content" to photo.content,
            "locked" to step.locked,
            "learning_rate" to floatArrayOf(step.learningRate),
            "momentum" to floatArrayOf(step.momentum),
            "beta" to floatArrayOf(step.beta),
            "discrete_rate" to floatArrayOf(step.discreteRate),
        )
        val found = run(if (fast) "step_fast" else "step", inputs)
        Stepped(found.output("next_state"), found.output("loss")[0], found.output("lookahead"))
    }

    override suspend fun compareFast(characters: List<FloatArray>, photo: Description): Compared = elsewhere {
        val length = contract.schema.count
        val all = FloatArray(characters.size * length) { characters[it / length][it % length] }
        val inputs = mapOf("parameters" to all, "identity" to photo.identity, "content" to photo.content)
        val found = run("compare_fast", inputs)
        Compared(found.output("loss"), found.output("content_loss"))
    }

    /** Frees the memory of all graphs; the next call opens them again. */
    override fun close() = runtime.close()

    /** Runs a graph with those inputs that it has: a schema without discrete groups has no use for all of a step's. */
    private suspend fun run(name: String, values: Map<String, FloatArray>): Map<String, FloatArray> {
        val graph = graph(name)
        for ((input, shape) in graph.inputs) {
            val count = shape.fold(1L) { all, edge -> all * edge }
            if (values[input]?.size?.toLong() != count) {
                throw F2PError(
                    F2PErrorKind.MODEL_FAILED, "$name takes $count numbers as '$input', found ${values[input]?.size}"
                )
            }
        }
        return runtime.run(file(graph)) { environment ->
            graph.inputs.mapValues { (input, shape) ->
                OnnxTensor.createTensor(environment, FloatBuffer.wrap(values.getValue(input)), shape)
            }
        }
    }

    private fun graph(name: String) = contract.graphs[name]
        ?: throw F2PError(F2PErrorKind.MISSING, "this package has no graph '$name': embed the artifact again")

    private fun file(graph: Contract.Graph) = File(files.folder(), graph.file)
}

/**
 * The two networks of the face finder by ONNX Runtime.
 *
 * @param files the networks, below `finder/`.
 */
class OrtFinderNetworks(private val files: ModelFiles) : FinderNetworks, AutoCloseable {
    private val runtime = OrtRuntime(Provider.CPU, 1)

    override suspend fun detect(picture: Picture): FloatArray = run("detector.onnx", picture).output("faces")

    override suspend fun read(picture: Picture): Map<String, FloatArray> = run("reader.onnx", picture)

    override fun close() = runtime.close()

    private suspend fun run(name: String, picture: Picture): Map<String, FloatArray> = elsewhere {
        runtime.run(File(files.folder(), "finder/$name")) { environment ->
            val shape = longArrayOf(picture.height.toLong(), picture.width.toLong(), 3)
            // A copy in native memory, which ONNX Runtime reads where it is.
            val pixels = ByteBuffer.allocateDirect(picture.pixels.size).put(picture.pixels)
            pixels.rewind()
            mapOf("picture" to OnnxTensor.createTensor(environment, pixels, shape, OnnxJavaType.UINT8))
        }
    }
}

/** Unpacks, converts and computes on threads for that: a caller may be on the main thread. */
private suspend fun <T> elsewhere(work: suspend CoroutineScope.() -> T): T = withContext(Dispatchers.Default, work)

private fun Map<String, FloatArray>.output(name: String): FloatArray =
    get(name) ?: throw F2PError(F2PErrorKind.MODEL_FAILED, "a graph gives no '$name': embed the artifact again")
