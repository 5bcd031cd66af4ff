package f2p.kit

import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.Locale
import kotlin.math.abs
import kotlin.math.log10
import kotlinx.coroutines.CancellationException

/**
 * One comparison of a device with PyTorch's float32 outputs, by its worst sample.
 *
 * @property graph the graph.
 * @property name what is compared.
 * @property value the worst value that was found.
 * @property floor the largest error or smallest score that is accepted.
 * @property higherIsBetter whether the value is a score.
 */
data class Measure(
    val graph: String, val name: String, val value: Double, val floor: Double, val higherIsBetter: Boolean,
) {
    /** Whether the floor is met; NaN never meets it. */
    val passes: Boolean get() = if (higherIsBetter) value >= floor else value <= floor

    override fun toString() = "$graph: $name %.3g (%s %.3g is needed)"
        .format(Locale.ROOT, value, if (higherIsBetter) "at least" else "at most", floor)
}

/**
 * Compares networks with the golden vectors of an artifact: what PyTorch computed where it was exported.
 *
 * A runtime whose gradient is wrong still gives right losses, and its searches go astray. So the update of a step, which is
 * what the step adds to the state, is compared in direction and length.
 *
 * @param contract the facts about the networks.
 * @param index the text of `golden.json`.
 * @param read reads a file that the index names.
 */
class GoldenCheck(private val contract: Contract, index: String, private val read: (String) -> ByteArray) {
    private val graphs: Map<String, Entries>
    private val trajectory: Entries?

    init {
        val content = try {
            Entries(Json.parse(index), FILE)
        } catch (error: IllegalArgumentException) {
            throw F2PError(F2PErrorKind.MISSING, "$FILE is damaged (${error.message}): embed the artifact again")
        }
        graphs = content.entries("graphs").mapEntries { it }.filterKeys { it in contract.graphs }
        trajectory = if (content.has("trajectory")) content.entries("trajectory") else null
    }

    /**
     * Raises unless the networks compute what PyTorch computed.
     *
     * @throws F2PError of the kind `MODEL_FAILED` with the measure that missed its floor.
     */
    suspend fun requirePassed(networks: Networks) {
        val missed = run(networks).firstOrNull { !it.passes } ?: return
        throw F2PError(
            F2PErrorKind.MODEL_FAILED,
            "this device does not compute the networks right ($missed; ${networks.device}): use another provider",
        )
    }

    /** Returns every comparison, by its worst sample. */
    suspend fun run(networks: Networks): List<Measure> {
        val worst = LinkedHashMap<Pair<String, String>, Measure>()
        for ((name, graph) in graphs) {
            val golden = Samples(graph)
            for (sample in golden.names.indices) {
                for (measure in measures(name, golden, sample, networks)) keepWorse(worst, measure)
            }
        }
        for (measure in alongTheTrajectory(networks)) keepWorse(worst, measure)
        return worst.values.toList()
    }

    private fun keepWorse(worst: MutableMap<Pair<String, String>, Measure>, measure: Measure) {
        val key = measure.graph to measure.name
        val other = worst[key]
        val isWorse = other == null || measure.value.isNaN() ||
            if (measure.higherIsBetter) measure.value < other.value else measure.value > other.value
        if (isWorse) worst[key] = measure
    }

    private suspend fun measures(graph: String, golden: Samples, i: Int, networks: Networks): List<Measure> = try {
        when (graph) {
            "one_shot" -> oneShot(golden, i, networks.oneShot(golden.face(i)))
            "describe" -> describe(golden, i, networks.describe(golden.face(i)))
            "render" -> listOf(
                Measure(
                    graph, "PSNR in dB",
                    psnr(networks.render(golden.sample("parameters", i)), golden.sample("image", i)),
                    golden.floor("render"), true,
                )
            )
            "step", "step_fast" -> step(
                graph, golden, golden.step(i), golden.photo(i),
                Stepped(golden.sample("next_state", i), golden.sample("loss", i)[0], golden.sample("lookahead", i)), networks,
            )
            "compare_fast" -> if (i == 0) compare(golden, networks) else emptyList()
            else -> emptyList()
        }
    } catch (error: CancellationException) {
        throw error
    } catch (error: F2PError) {
        throw F2PError(error.kind, "$graph on a golden face: ${error.message}", error)
    }

    private fun oneShot(golden: Samples, i: Int, found: FloatArray): List<Measure> {
        val wanted = golden.sample("parameters", i)
        val count = contract.schema.controllers.size
        val (own, other) = contract.schema.hardened(found) to contract.schema.hardened(wanted)
        return listOf(
            Measure("one_shot", "controllers", furthest(found, wanted, 0 until count), golden.floor("controllers"), false),
            Measure(
                "one_shot", "options", furthest(own, other, count until own.size), 1 - golden.floor("discrete"), false
            ),
        )
    }

    private fun describe(golden: Samples, i: Int, found: Description): List<Measure> {
        val identity = golden.sample("identity", i)
        val content = golden.sample("content", i)
        val off = content.indices.sumOf { abs(found.content[it] - content[it]).toDouble() }
        return listOf(
            Measure("describe", "cosine of the identity", cosine(found.identity, identity), golden.floor("identity"), true),
            Measure(
                "describe", "content", off / content.sumOf { abs(it).toDouble() }, golden.floor("content"), false
            ),
        )
    }

    private suspend fun step(
        graph: String, golden: Samples, step: Step, photo: Description, wanted: Stepped, networks: Networks,
    ): List<Measure> {
        val found = networks.step(step, photo, graph == "step_fast")
        val moved = FloatArray(step.state.size) { found.next[it] - wanted.lookahead[it] }
        val toMove = FloatArray(step.state.size) { wanted.next[it] - wanted.lookahead[it] }
        val length = abs(lengthOf(moved) / lengthOf(toMove) - 1)
        val ahead = furthest(found.lookahead, wanted.lookahead, step.state.indices)
        return listOf(
            Measure(graph, "cosine of the update", cosine(moved, toMove), golden.floor("update"), true),
            Measure(graph, "length of the update", length, golden.floor("length"), false),
            Measure(graph, "look-ahead", ahead, golden.floor("controllers"), false),
            Measure(graph, "loss", abs(found.loss / wanted.loss - 1).toDouble(), golden.floor("loss"), false),
        )
    }

    private suspend fun compare(golden: Samples, networks: Networks): List<Measure> {
        val names = golden.names
        val characters = List(contract.comparedAtOnce ?: names.size) {
            golden.sample("parameters", minOf(it, names.lastIndex))
        }
        val photo = Description(golden.values("identity"), golden.values("content"))
        val found = networks.compareFast(characters, photo)
        return names.indices.flatMap { i ->
            listOf("loss" to found.losses[i], "content_loss" to found.contentLosses[i]).map { (name, loss) ->
                val off = abs(loss / golden.values(name)[i] - 1).toDouble()
                Measure("compare_fast", name, off, golden.floor("loss"), false)
            }
        }
    }

    /** Repeats single steps of a recorded search, whose states are farther from the start than any golden vector. */
    private suspend fun alongTheTrajectory(networks: Networks): List<Measure> {
        val recorded = trajectory ?: return emptyList()
        val golden = graphs["step"]?.let { Samples(it) } ?: return emptyList()
        val rates = golden.floats(recorded.entries("learning_rates"))
        val losses = golden.floats(recorded.entries("losses"))
        val states = golden.floats(recorded.entries("states"))
        val count = contract.schema.count
        fun state(i: Int) = states.copyOfRange(i * count, (i + 1) * count)
        return rates.indices.flatMap { i ->
            val step = Step(
                state(i), state(i), FloatArray(count), rates[i], 0f, golden.number("beta"), golden.number("discrete_rate")
            )
            step("step", golden, step, golden.photo(0), Stepped(state(i + 1), losses[i], state(i)), networks)
        }
    }

    /** The golden vectors of one graph. */
    private inner class Samples(private val graph: Entries) {
        private val tensors = graph.entries("tensors")
        private val content = HashMap<String, ByteArray>()
        val names: List<String> = graph.list("samples").map(Any?::toString)

        fun floor(name: String) = graph.entries("floors").number(name).toDouble()

        fun values(name: String): FloatArray = floats(tensors.entries(name))

        /** Returns the one number of a tensor; 1 where a schema without discrete groups has none. */
        fun number(name: String) = if (tensors.has(name)) values(name)[0] else 1f

        /** Returns one entry along a tensor's first axis. */
        fun sample(name: String, i: Int): FloatArray {
            val all = values(name)
            val size = all.size / names.size
            return all.copyOfRange(i * size, (i + 1) * size)
        }

        fun face(i: Int): Picture {
            val edge = contract.imageSize
            val size = 3 * edge * edge
            val bytes = bytes(tensors.entries("face").text("file"))
            return Picture(edge, edge, bytes.copyOfRange(i * size, (i + 1) * size))
        }

        fun photo(i: Int) = Description(sample("identity", i), sample("content", i))

        fun step(i: Int) = Step(
            sample("state", i), sample("before", i), values("locked"), number("learning_rate"), number("momentum"),
            number("beta"), number("discrete_rate"),
        )

        fun floats(tensor: Entries): FloatArray {
            val buffer = ByteBuffer.wrap(bytes(tensor.text("file"))).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
            return FloatArray(buffer.remaining()).also { buffer.get(it) }
        }

        private fun bytes(file: String) = content.getOrPut(file) { read(file) }
    }

    private companion object {
        const val FILE = "golden.json"
    }
}

private fun furthest(a: FloatArray, b: FloatArray, places: IntRange): Double =
    if (places.any { a[it].isNaN() }) Double.NaN else places.maxOfOrNull { abs(a[it] - b[it]).toDouble() } ?: 0.0

private fun cosine(a: FloatArray, b: FloatArray): Double =
    a.indices.sumOf { a[it].toDouble() * b[it] } / (lengthOf(a) * lengthOf(b))

private fun psnr(found: Picture, planes: FloatArray): Double {
    val wanted = Picture.ofPlanes(planes, found.width)
    val squares = found.pixels.indices.sumOf {
        val off = ((found.pixels[it].toInt() and 0xff) - (wanted.pixels[it].toInt() and 0xff)) / 255.0
        off * off
    }
    return -10 * log10(maxOf(squares / found.pixels.size, 1e-20))
}
