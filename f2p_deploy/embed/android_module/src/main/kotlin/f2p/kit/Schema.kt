package f2p.kit

import kotlin.math.exp
import kotlin.math.ln

/**
 * Which controllers and discrete groups a character has, in the order of its parameters.
 *
 * @property name the schema's name.
 * @property fingerprint SHA-256 of everything that the meaning of a vector depends on.
 * @property controllers the sliders of the editor.
 * @property discrete the choices of the editor.
 */
class Schema(
    val name: String,
    val fingerprint: String,
    val controllers: List<Controller>,
    val discrete: List<DiscreteGroup>,
) {
    /**
     * One slider of the editor.
     *
     * @property name unique, dotted: `eyes.size`.
     * @property group the part of the face that it belongs to.
     * @property standard the average face's value, in [0, 1].
     * @property low the engine's unit at 0.
     * @property high the engine's unit at 1.
     */
    class Controller(val name: String, val group: String, val standard: Float, val low: Float, val high: Float)

    /**
     * One choice of the editor: a hairstyle, a colour.
     *
     * @property name unique.
     * @property options the options' names.
     * @property standard the average face's option.
     */
    class DiscreteGroup(val name: String, val options: List<String>, val standard: String)

    /** A discrete group, and where its options lie in a vector of parameters. */
    internal class Part(val group: DiscreteGroup, val range: IntRange)

    /** Number of parameters: the controllers, then one for each option of each discrete group. */
    val count: Int = controllers.size + discrete.sumOf { it.options.size }

    /** The name of each parameter: a controller's, then `group=option`. */
    val parameterNames: List<String>
        get() = controllers.map { it.name } + discrete.flatMap { group -> group.options.map { "${group.name}=$it" } }

    internal val parts: List<Part>

    init {
        var start = controllers.size
        parts = discrete.map { group ->
            Part(group, start until start + group.options.size).also { start += group.options.size }
        }
    }

    /** The average face: every controller and every discrete group as the editor opens. */
    val average: Parameters
        get() {
            val values = FloatArray(count)
            controllers.forEachIndexed { i, controller -> values[i] = controller.standard }
            for (part in parts) values[standardPlace(part)] = 1f
            return Parameters(this, values, emptySet(), Unit)
        }

    /**
     * Returns a vector whose discrete groups are one-hot at their most probable option.
     *
     * @param lead a group's standard option stays unless another one is more probable by more than this.
     */
    internal fun hardened(values: FloatArray, lead: Float = 0f): FloatArray {
        val hard = values.copyOf()
        for (part in parts) {
            val best = part.range.maxBy { values[it] }
            val standard = standardPlace(part)
            val chosen = if (values[standard] + lead >= values[best]) standard else best
            for (i in part.range) hard[i] = if (i == chosen) 1f else 0f
        }
        return hard
    }

    /** Returns parameters of a state of the search: softmax(beta z) within each discrete group. */
    internal fun smoothed(state: FloatArray, beta: Float): FloatArray {
        val values = state.copyOf()
        for (part in parts) {
            val largest = part.range.maxOf { beta * state[it] }
            var total = 0f
            for (i in part.range) {
                values[i] = exp(beta * state[i] - largest)
                total += values[i]
            }
            for (i in part.range) values[i] /= total
        }
        return values
    }

    /** Returns the state of the search whose [smoothed] gives parameters. */
    internal fun state(values: FloatArray, beta: Float): FloatArray {
        val state = values.copyOf()
        for (i in controllers.size until count) state[i] = ln(maxOf(values[i], SMALLEST_PROBABILITY)) / beta
        return state
    }

    private fun standardPlace(part: Part): Int =
        part.range.first + maxOf(0, part.group.options.indexOf(part.group.standard))

    private companion object {
        /** Probabilities are clamped to at least this before taking the logarithm. */
        const val SMALLEST_PROBABILITY = 1e-4f
    }
}
