package f2p.kit

/**
 * The facts about the networks that this package was made with: `contract.json`, beside the graphs.
 *
 * @property bundle the bundle's name.
 * @property bundleFingerprint SHA-256 of the bundle that the artifact was exported from.
 * @property target the artifact's target.
 * @property schema the characters' schema.
 * @property imageSize edge of faces and pictures in pixels.
 * @property firstState the state from which iterative generation starts.
 * @property iterative the settings of iterative generation.
 * @property hybrid the settings of the search in hybrid generation.
 * @property chooseOptions try every option of the discrete groups before a search.
 * @property standardMargin head start of a group's standard option: its loss is reduced by this fraction.
 * @property standardLead one-shot generation leaves a group's standard option if another one is more probable by more.
 * @property contentReduction whether the content loss is the `sum` or the `mean` of its elements.
 * @property identityWeight weight of the distance of two embeddings in the loss (eq. 9).
 * @property contentWeight weight of the distance of two contents in the loss.
 * @property fast search through the shortcut unless a call says otherwise.
 * @property comparedAtOnce how many characters the graph `compare_fast` takes; null without it.
 * @property template the average face's landmarks, in fractions of the picture's edge.
 * @property limits from where on a photo is refused or warned about.
 * @property graphs the graphs by name.
 * @property files every file beside the contract that the package reads, by its path.
 * @property digest a digest of those files; files on the device's disk belong to exactly this content.
 */
class Contract internal constructor(
    val bundle: String,
    val bundleFingerprint: String,
    val target: String,
    val schema: Schema,
    val imageSize: Int,
    internal val firstState: FloatArray,
    val iterative: Search,
    val hybrid: Search,
    val chooseOptions: Boolean,
    val standardMargin: Double,
    val standardLead: Float,
    val contentReduction: String,
    val identityWeight: Double,
    val contentWeight: Double,
    val fast: Boolean,
    val comparedAtOnce: Int?,
    val template: List<Point>,
    val limits: Limits,
    val graphs: Map<String, Graph>,
    val files: Map<String, Long>,
    val digest: String,
) {
    /**
     * The settings of one mode's search.
     *
     * @property learningRates the learning rate of each step, in order.
     * @property beta sharpness of the softmax over a discrete group's options.
     * @property discreteRate learning rate of the discrete groups as a multiple of the controllers'.
     * @property momentum Nesterov momentum coefficient, in [0, 1).
     * @property keepBest end at the state of the smallest loss instead of the last one.
     */
    class Search internal constructor(
        val learningRates: List<Float>,
        val beta: Float,
        val discreteRate: Float,
        val momentum: Float,
        val keepBest: Boolean,
    )

    /** From where on a photo is refused or warned about; lengths in pixels, angles in degrees. */
    class Limits internal constructor(
        val smallestEyeDistance: Double,
        val smallEyeDistance: Double,
        val largestYaw: Double,
        val largeYaw: Double,
        val largestResidual: Double,
        val largeOutside: Double,
        val yawPerOffset: Double,
        val outerOverCentres: Double,
    )

    /**
     * One graph; its tensors are float32.
     *
     * @property file the graph's file.
     * @property inputs the shape of each input by name.
     */
    class Graph internal constructor(val file: String, val inputs: Map<String, LongArray>)

    companion object {
        /** The format of contracts that this version reads. */
        const val FORMAT = 1

        /**
         * Reads a contract.
         *
         * @param text the text of `contract.json`.
         * @throws F2PError of the kind `MISSING` if it is damaged or of another format.
         */
        @JvmStatic
        fun parse(text: String): Contract {
            val content = try {
                Entries(Json.parse(text), "contract.json")
            } catch (error: IllegalArgumentException) {
                throw F2PError(F2PErrorKind.MISSING, "contract.json is damaged (${error.message}): embed the artifact again")
            }
            val format = content.whole("format")
            if (format != FORMAT) {
                throw F2PError(
                    F2PErrorKind.MISSING,
                    "contract.json has format $format, this f2pkit reads $FORMAT: embed the artifact again",
                )
            }
            return contractOf(content)
        }
    }
}

private fun contractOf(content: Entries): Contract {
    val schema = content.entries("schema").let { entries ->
        Schema(
            entries.text("name"),
            entries.text("fingerprint"),
            entries.each("controllers").map {
                Schema.Controller(
                    it.text("name"), it.text("group"), it.number("standard").toFloat(), it.number("low").toFloat(),
                    it.number("high").toFloat(),
                )
            },
            entries.each("discrete").map {
                Schema.DiscreteGroup(it.text("name"), it.list("options").map(Any?::toString), it.text("standard"))
            },
        )
    }
    val weights = content.entries("lossWeights")
    return Contract(
        bundle = content.text("bundle"),
        bundleFingerprint = content.text("bundleFingerprint"),
        target = content.text("target"),
        schema = schema,
        imageSize = content.whole("imageSize"),
        firstState = content.floats("firstState").toFloatArray(),
        iterative = searchOf(content.entries("iterative")),
        hybrid = searchOf(content.entries("hybrid")),
        chooseOptions = content.flag("chooseOptions"),
        standardMargin = content.number("standardMargin").toDouble(),
        standardLead = content.number("standardLead").toFloat(),
        contentReduction = content.text("contentReduction"),
        identityWeight = weights.number("identity").toDouble(),
        contentWeight = weights.number("content").toDouble(),
        fast = content.flag("fast"),
        comparedAtOnce = if (content.has("comparedAtOnce")) content.whole("comparedAtOnce") else null,
        template = content.list("template").map { pair ->
            val (x, y) = (pair as List<*>).map { (it as Number).toDouble() }
            Point(x, y)
        },
        limits = limitsOf(content.entries("limits")),
        graphs = content.entries("graphs").mapEntries { graph ->
            val inputs = graph.each("inputs").associate { input ->
                input.text("name") to input.list("shape").map { (it as Number).toLong() }.toLongArray()
            }
            Contract.Graph(graph.text("file"), inputs)
        },
        files = content.entries("files").mapEntries { it.number("size").toLong() },
        digest = content.text("digest"),
    )
}

private fun searchOf(entries: Entries) = Contract.Search(
    learningRates = entries.floats("learningRates"),
    beta = entries.number("beta").toFloat(),
    discreteRate = entries.number("discreteRate").toFloat(),
    momentum = entries.number("momentum").toFloat(),
    keepBest = entries.flag("keepBest"),
)

private fun limitsOf(entries: Entries) = Contract.Limits(
    smallestEyeDistance = entries.number("smallestEyeDistance").toDouble(),
    smallEyeDistance = entries.number("smallEyeDistance").toDouble(),
    largestYaw = entries.number("largestYaw").toDouble(),
    largeYaw = entries.number("largeYaw").toDouble(),
    largestResidual = entries.number("largestResidual").toDouble(),
    largeOutside = entries.number("largeOutside").toDouble(),
    yawPerOffset = entries.number("yawPerOffset").toDouble(),
    outerOverCentres = entries.number("outerOverCentres").toDouble(),
)

/** The entries of a JSON object of this package's own; what is missing or of another type is a damaged file. */
internal class Entries(content: Any?, private val file: String) {
    private val content = content as? Map<*, *> ?: damaged("an object")

    fun has(name: String) = content[name] != null
    fun text(name: String) = content[name] as? String ?: damaged(name)
    fun number(name: String) = content[name] as? Number ?: damaged(name)
    fun whole(name: String) = number(name).toInt()
    fun flag(name: String) = content[name] as? Boolean ?: damaged(name)
    fun list(name: String) = content[name] as? List<*> ?: damaged(name)
    fun floats(name: String) = list(name).map { (it as? Number ?: damaged(name)).toFloat() }
    fun entries(name: String) = Entries(content[name] ?: damaged(name), file)
    fun each(name: String) = list(name).map { Entries(it, file) }
    fun <T> mapEntries(read: (Entries) -> T): Map<String, T> =
        content.entries.associate { (name, value) -> name.toString() to read(Entries(value, file)) }

    private fun damaged(name: String): Nothing =
        throw F2PError(F2PErrorKind.MISSING, "$file is damaged: '$name' is missing or wrong; embed the artifact again")
}
