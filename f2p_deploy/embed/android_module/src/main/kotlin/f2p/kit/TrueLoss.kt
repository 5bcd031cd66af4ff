package f2p.kit

import kotlin.math.abs
import kotlin.math.sqrt
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive

/** The product of two embeddings' lengths counts as this where it is below. */
private const val SMALLEST_LENGTH = 1e-8

/** Returns the content loss (eq. 6): the L1 distance of two contents. */
internal fun Contract.contentLoss(a: FloatArray, b: FloatArray): Float {
    val sum = a.indices.sumOf { abs(a[it] - b[it]).toDouble() }
    return (if (contentReduction == "mean") sum / maxOf(1, a.size) else sum).toFloat()
}

/** Returns the loss of a drawn character beside a photo (eq. 9). */
internal fun Contract.trueLoss(drawn: Description, photo: Description): Float {
    val (own, other) = drawn.identity to photo.identity
    val product = own.indices.sumOf { own[it].toDouble() * other[it] }
    val cosine = product / maxOf(lengthOf(own) * lengthOf(other), SMALLEST_LENGTH)
    val content = contentLoss(photo.content, drawn.content).toDouble()
    return (identityWeight * (1 - cosine) + contentWeight * content).toFloat()
}

internal fun lengthOf(vector: FloatArray): Double = sqrt(vector.sumOf { it.toDouble() * it })

/** Judges a search through the shortcut by the picture of its result: a poor shortcut cannot make a character worse. */
internal class Judge(private val networks: Networks, private val contract: Contract) {
    /**
     * Lets the true networks choose between the start and the result of a search through the shortcut.
     *
     * @param start parameters that the search began with.
     * @param found parameters that it ended with, and its losses through the shortcut.
     * @param keepBest false to return the result in any case.
     * @return the better parameters; the first and the last loss are the true ones of the start and of these.
     */
    suspend fun better(start: FloatArray, found: Found, photo: Description, keepBest: Boolean): Found {
        val first = lossOf(start, photo)
        val last = lossOf(found.parameters, photo)
        val startIsBetter = keepBest && first <= last
        val between = found.losses.drop(1).dropLast(1)
        val losses = listOf(first) + between + listOf(if (startIsBetter) first else last)
        return Found(if (startIsBetter) start else found.parameters, losses)
    }

    private suspend fun lossOf(parameters: FloatArray, photo: Description): Float {
        currentCoroutineContext().ensureActive()
        return contract.trueLoss(networks.describe(networks.render(parameters)), photo)
    }
}
