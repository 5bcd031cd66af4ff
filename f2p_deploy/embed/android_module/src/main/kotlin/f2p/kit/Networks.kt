package f2p.kit

/**
 * The vectors that the losses compare: the photo as the recognition and the segmentation network see it.
 *
 * @property identity the embedding.
 * @property content the content (eq. 6).
 */
class Description(val identity: FloatArray, val content: FloatArray)

/**
 * The inputs of one gradient step.
 *
 * @property state controllers in [0, 1], then unbounded logits of the discrete groups.
 * @property before the state of the step before; at first the state itself.
 * @property locked 1 for entries that never change, 0 for the others.
 * @property learningRate the learning rate.
 * @property momentum Nesterov momentum coefficient, in [0, 1).
 * @property beta sharpness of the softmax over a discrete group's options.
 * @property discreteRate learning rate of the discrete groups as a multiple of the controllers'.
 */
class Step(
    val state: FloatArray,
    val before: FloatArray,
    val locked: FloatArray,
    val learningRate: Float,
    val momentum: Float,
    val beta: Float,
    val discreteRate: Float,
)

/**
 * The outputs of one gradient step.
 *
 * @property next the next state.
 * @property loss the loss at the look-ahead.
 * @property lookahead the state moved on by the momentum, at which the gradient was computed.
 */
class Stepped(val next: FloatArray, val loss: Float, val lookahead: FloatArray)

/**
 * The losses that the shortcut predicts of characters beside one photo.
 *
 * @property losses the loss of eq. 9 of each character.
 * @property contentLosses the content loss (eq. 6) of each character.
 */
class Compared(val losses: FloatArray, val contentLosses: FloatArray)

/** Computes the graphs. Implementations are safe to share between coroutines. */
interface Networks {
    /** What computes, in words, with versions. */
    val device: String

    /** Loads graphs by their names in the contract now instead of at their first use. */
    suspend fun load(graphs: List<String>)

    /** Returns the parameters of an aligned face: controllers in [0, 1], discrete groups as probabilities. */
    suspend fun oneShot(face: Picture): FloatArray

    /** Returns the vectors that the losses compare. */
    suspend fun describe(face: Picture): Description

    /** Returns the imitator's picture of parameters. */
    suspend fun render(parameters: FloatArray): Picture

    /**
     * Takes one gradient step towards a photo.
     *
     * @param fast by `step_fast`, through the shortcut, instead of by `step`.
     */
    suspend fun step(step: Step, photo: Description, fast: Boolean): Stepped

    /**
     * Compares characters with a photo through the shortcut, by `compare_fast`.
     *
     * @param characters parameters of exactly as many as the contract's `comparedAtOnce`.
     */
    suspend fun compareFast(characters: List<FloatArray>, photo: Description): Compared
}
