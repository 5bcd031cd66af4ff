package f2p.kit

/**
 * Networks that compute by formula, as f2p-deploy's Python side does for the cases of [ReferenceTest].
 *
 * @param count how many characters one call takes.
 * @param loss the content loss without any cost.
 * @param single the cost of each parameter.
 * @param pairs places of two options, and what both together cost.
 */
internal class FormulaNetworks(
    private val count: Int,
    private val loss: Float,
    private val single: FloatArray,
    private val pairs: List<Triple<Int, Int, Float>>,
) : Networks {
    /** The graphs that were loaded last. */
    var loaded: List<String> = emptyList()

    override val device = "formulas"

    override suspend fun load(graphs: List<String>) {
        loaded = graphs
    }

    override suspend fun oneShot(face: Picture) = single

    /** The content is the brightness of the first pixel. */
    override suspend fun describe(face: Picture) = Description(floatArrayOf(1f), floatArrayOf(face.channel(0, 0) / 255f))

    /** The picture is as bright as the first controller says. */
    override suspend fun render(parameters: FloatArray): Picture {
        val level = Math.round(255 * parameters[0]).toByte()
        return Picture(1, 1, byteArrayOf(level, level, level))
    }

    /** Through the shortcut, brighter is better; otherwise nothing moves. */
    override suspend fun step(step: Step, photo: Description, fast: Boolean): Stepped {
        val next = step.state.copyOf()
        if (fast && step.learningRate > 0) next[0] = minOf(1f, next[0] + 0.1f)
        return Stepped(next, if (fast) 2 - step.state[0] else 3f, step.state)
    }

    override suspend fun compareFast(characters: List<FloatArray>, photo: Description): Compared {
        check(characters.size == count) { "compare_fast takes $count characters, found ${characters.size}" }
        val losses = FloatArray(count) { i ->
            val character = characters[i]
            var sum = loss
            for (place in single.indices) sum += single[place] * character[place]
            for ((first, second, cost) in pairs) sum += cost * character[first] * character[second]
            sum
        }
        return Compared(losses, losses)
    }
}
