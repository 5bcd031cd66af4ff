package f2p.kit

import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive

/**
 * The result of a search.
 *
 * @property parameters discrete groups as probabilities.
 * @property losses the loss before each step and after the last.
 */
internal class Found(val parameters: FloatArray, val losses: List<Float>)

/** Iterative generation: projected gradient descent by the gradient step (section 3.4.2, eq. 9 of the paper). */
internal class Search(
    private val networks: Networks,
    private val schema: Schema,
    private val settings: Contract.Search,
    private val fast: Boolean,
) {
    /**
     * Searches from a state.
     *
     * @param start controllers in [0, 1], then unbounded logits of the discrete groups.
     * @param photo the photo to approach.
     * @param locked entries of the state that never change; null for none.
     * @param progress called after every step.
     */
    suspend fun run(start: FloatArray, photo: Description, locked: BooleanArray?, progress: ProgressHandler?): Found {
        val held = FloatArray(start.size) { if (locked?.get(it) == true) 1f else 0f }
        fun step(state: FloatArray, before: FloatArray, learningRate: Float, momentum: Float) =
            Step(state, before, held, learningRate, momentum, settings.beta, settings.discreteRate)
        var reached = start
        var before = start
        var best = start
        var least = Float.POSITIVE_INFINITY
        val losses = ArrayList<Float>()
        for (learningRate in settings.learningRates) {
            currentCoroutineContext().ensureActive()
            val taken = networks.step(step(reached, before, learningRate, settings.momentum), photo, fast)
            losses += taken.loss
            if (taken.loss < least) {
                best = taken.lookahead
                least = taken.loss
            }
            before = reached
            reached = taken.next
            progress?.invoke(SearchProgress(losses.size, settings.learningRates.size, taken.loss))
        }
        currentCoroutineContext().ensureActive()
        // The loss of the last state, which is neither moved on nor changed.
        val loss = networks.step(step(reached, reached, 0f, 0f), photo, fast).loss
        losses += loss
        val last = if (settings.keepBest && loss >= least) best else reached
        return Found(schema.smoothed(last, settings.beta), losses)
    }
}
