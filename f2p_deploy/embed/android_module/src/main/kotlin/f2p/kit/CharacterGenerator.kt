package f2p.kit

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext

/**
 * One character made from one photo.
 *
 * @property parameters discrete groups one-hot, as a game needs them.
 * @property probabilities the same vector with discrete groups as the probabilities that the networks gave.
 * @property mode how it was made.
 * @property losses the loss before each step and after the last; empty for one-shot.
 */
class Generation(val parameters: Parameters, val probabilities: FloatArray, val mode: Mode, val losses: List<Float>)

/**
 * How far a search is.
 *
 * @property done steps done.
 * @property total steps in all.
 * @property loss the loss before the last step.
 */
data class SearchProgress(val done: Int, val total: Int, val loss: Float)

/** Called after every step, in the coroutine that called `generate`. */
typealias ProgressHandler = (SearchProgress) -> Unit

/** Whatever finds the faces of a photo. */
fun interface FaceFinder {
    /** Returns all faces, the largest first. */
    suspend fun faces(photo: Picture): List<FoundFace>
}

/**
 * Makes characters from photos. Safe to share: calls from several coroutines take turns at the networks.
 *
 * @param contract the facts about the networks.
 * @param networks what computes the graphs.
 * @param finder finds the faces of photos.
 * @param check compares the networks with golden vectors before their first use, and throws if they compute wrongly; null
 *   for networks that are known to be right.
 */
class CharacterGenerator(
    val contract: Contract,
    private val networks: Networks,
    private val finder: FaceFinder,
    private val check: GoldenCheck? = null,
) : CharacterMaker, AutoCloseable {
    override val schema: Schema get() = contract.schema

    override val imageSize: Int get() = contract.imageSize

    private val checking = Mutex()
    private var checked = check == null

    override suspend fun warmUp(mode: Mode, fast: Boolean?) {
        val fast = goesFast(mode, fast)
        val grey = Picture(imageSize, imageSize, ByteArray(3 * imageSize * imageSize) { 128.toByte() })
        networks.load(graphs(mode, fast))
        requireRight()
        if (mode != Mode.ITERATIVE) networks.oneShot(grey)
        if (mode != Mode.ONE_SHOT) {
            val photo = networks.describe(grey)
            val first = contract.firstState
            val settings = contract.iterative
            val step = Step(first, first, FloatArray(first.size), 0f, 0f, settings.beta, settings.discreteRate)
            networks.step(step, photo, fast)
            val count = contract.comparedAtOnce
            if (fast && contract.chooseOptions && count != null) {
                networks.compareFast(List(count) { schema.average.numbers }, photo)
            }
        }
        if ("render" in contract.graphs) networks.render(schema.average.numbers)
    }

    override suspend fun align(photo: Picture): AlignedFace = withContext(Dispatchers.Default) {
        val faces = finder.faces(photo)
        val largest = faces.firstOrNull() ?: throw F2PError(
            F2PErrorKind.NO_FACE, "no face was found; take a photo of one face, from the front and evenly lit"
        )
        val aligned = Alignment(contract).align(photo, largest)
        val others = if (faces.size > 1) listOf("${faces.size} faces were found; the largest was taken") else emptyList()
        AlignedFace(aligned.picture, aligned.landmarks, others + aligned.warnings)
    }

    /** Warps a face whose landmarks are known onto the average face, on the caller's thread; see the other `align`. */
    fun align(photo: Picture, landmarks: Landmarks): AlignedFace = Alignment(contract).align(photo, FoundFace(landmarks))

    override suspend fun generate(
        face: Picture, mode: Mode, keep: Parameters?, fast: Boolean?, progress: ProgressHandler?,
    ): Generation {
        if (face.width != imageSize || face.height != imageSize) {
            throw invalid("an aligned face is $imageSize x $imageSize, found ${face.width} x ${face.height}: align it")
        }
        keep?.let { requireSchema(it) }
        val fast = goesFast(mode, fast)
        graphs(mode, fast).forEach { requireGraph(it, mode) }
        currentCoroutineContext().ensureActive()
        requireRight()
        if (mode == Mode.ONE_SHOT) {
            return finish(networks.oneShot(face), mode, emptyList(), keep, contract.standardLead)
        }
        val settings = if (mode == Mode.ITERATIVE) contract.iterative else contract.hybrid
        val locked = keep?.lockedMask
        var start = start(face, mode, settings, keep)
        val photo = networks.describe(face)
        if (contract.chooseOptions) {
            // Before the search: one that goes on in the wrong skin tone distorts the face to compensate.
            val first = schema.hardened(schema.smoothed(start, settings.beta), contract.standardLead)
            start = schema.state(chooser(fast).run(first, photo, locked), settings.beta)
        }
        var found = Search(networks, schema, settings, fast).run(start, photo, locked, progress)
        if (fast) {
            val first = schema.smoothed(start, settings.beta)
            found = Judge(networks, contract).better(first, found, photo, settings.keepBest)
        }
        return finish(found.parameters, mode, found.losses, keep, 0f)
    }

    override suspend fun render(parameters: Parameters): Picture {
        requireSchema(parameters)
        requireGraph("render", null)
        return networks.render(parameters.numbers)
    }

    /** Waits for the call that computes, and frees the memory of the networks; the next call loads them again. */
    override fun close() {
        (networks as? AutoCloseable)?.close()
        (finder as? AutoCloseable)?.close()
    }

    /** Returns the state that a search starts from: the first state or the one-shot prediction, locked values kept. */
    private suspend fun start(face: Picture, mode: Mode, settings: Contract.Search, keep: Parameters?): FloatArray {
        val start = when (mode) {
            Mode.HYBRID -> schema.state(networks.oneShot(face), settings.beta)
            else -> contract.firstState
        }
        if (keep == null) return start
        val kept = schema.state(keep.numbers, settings.beta)
        val mask = keep.lockedMask
        return FloatArray(start.size) { if (mask[it]) kept[it] else start[it] }
    }

    /** The graphs that a mode needs. */
    private fun graphs(mode: Mode, fast: Boolean): List<String> {
        val search = buildList {
            add("describe")
            add(if (fast) "step_fast" else "step")
            if (fast || contract.chooseOptions) add("render")
            if (fast && contract.chooseOptions) add("compare_fast")
        }
        return when (mode) {
            Mode.ONE_SHOT -> listOf("one_shot")
            Mode.ITERATIVE -> search
            Mode.HYBRID -> listOf("one_shot") + search
        }
    }

    /** Returns whether a mode searches through the shortcut: as the call asks, else as the contract says. */
    private fun goesFast(mode: Mode, asked: Boolean?): Boolean {
        if (mode == Mode.ONE_SHOT || !(asked ?: contract.fast)) return false
        graphs(mode, true).find { it !in contract.graphs }?.let { lacking ->
            throw invalid(
                "a fast search needs the graph '$lacking', which this package lacks: train a shortcut, export and embed " +
                    "again, or search without it"
            )
        }
        return true
    }

    private fun chooser(fast: Boolean): OptionChooser {
        if (!fast) return DrawingOptionChooser(networks, contract)
        val count = contract.comparedAtOnce?.takeIf { it > 0 } ?: throw F2PError(
            F2PErrorKind.MISSING, "the contract does not say how many characters compare_fast takes: embed again"
        )
        return FastOptionChooser(networks, contract, count)
    }

    private fun requireGraph(graph: String, mode: Mode?) {
        if (graph in contract.graphs) return
        val what = mode?.let { "the mode '${it.text}'" } ?: "pictures"
        throw F2PError(
            F2PErrorKind.MISSING, "this package was made without $what: embed the artifact again with --modes ${mode?.text ?: graph}"
        )
    }

    private fun requireSchema(parameters: Parameters) {
        if (parameters.schema.fingerprint != schema.fingerprint) {
            throw invalid("the parameters are for schema '${parameters.schema.name}', the networks for '${schema.name}'")
        }
    }

    /** Runs the golden check once; a device that missed it is asked again at every call. */
    private suspend fun requireRight() = checking.withLock {
        if (!checked) {
            withContext(Dispatchers.Default) { check?.requirePassed(networks) }
            checked = true
        }
    }

    /** Puts locked values back and leaves one option of each discrete group. */
    private fun finish(
        values: FloatArray, mode: Mode, losses: List<Float>, keep: Parameters?, lead: Float,
    ): Generation {
        val probabilities = keep?.merged(values) ?: values
        val hard = schema.hardened(probabilities, lead)
        return Generation(Parameters(schema, hard, keep?.locked ?: emptySet(), Unit), probabilities, mode, losses)
    }

    /** Extended by the Android half: `CharacterGenerator.bundled(context)`. */
    companion object
}
