package f2p.kit

import kotlin.math.abs

/**
 * One character: the value of every controller and the choice of every discrete group. It never changes: [with],
 * [choosing], [locking] and [unlocking] return others.
 *
 * @property schema what the values mean.
 * @property locked names that generation leaves alone: of controllers and of discrete groups.
 */
class Parameters internal constructor(
    val schema: Schema,
    internal val numbers: FloatArray,
    val locked: Set<String>,
    @Suppress("UNUSED_PARAMETER") checked: Unit,
) {
    /** A copy of `schema.count` numbers: controllers in [0, 1], then the probabilities of each discrete group's options. */
    val values: FloatArray get() = numbers.copyOf()

    /** Returns the value of a controller, in [0, 1]; null if there is none of that name. */
    operator fun get(controller: String): Float? =
        schema.controllers.indexOfFirst { it.name == controller }.takeIf { it >= 0 }?.let { numbers[it] }

    /** Returns the most probable option of a discrete group; null if there is none of that name. */
    fun choice(group: String): String? {
        val part = schema.parts.find { it.group.name == group } ?: return null
        return part.group.options[part.range.maxBy { numbers[it] } - part.range.first]
    }

    /** Returns every controller's value in the engine's units. */
    fun inEngineUnits(): Map<String, Float> = schema.controllers.withIndex().associate { (i, controller) ->
        controller.name to controller.low + numbers[i] * (controller.high - controller.low)
    }

    /**
     * Returns a character with one slider moved.
     *
     * @throws F2PError of the kind `INVALID_INPUT` if there is no such controller, it is locked, or the value does not
     *   lie in [0, 1].
     */
    fun with(controller: String, value: Float): Parameters {
        val i = schema.controllers.indexOfFirst { it.name == controller }
        if (i < 0) throw invalid("no controller named '$controller'")
        requireUnlocked(controller)
        if (!(value >= 0 && value <= 1)) throw invalid("controller '$controller' must lie in [0, 1], found $value")
        return Parameters(schema, values.also { it[i] = value }, locked, Unit)
    }

    /**
     * Returns a character with another option of a discrete group.
     *
     * @throws F2PError of the kind `INVALID_INPUT` if there is no such group or option, or the group is locked.
     */
    fun choosing(option: String, group: String): Parameters {
        val part = schema.parts.find { it.group.name == group } ?: throw invalid("no discrete group named '$group'")
        requireUnlocked(group)
        val chosen = part.group.options.indexOf(option)
        if (chosen < 0) {
            val options = part.group.options.joinToString(", ")
            throw invalid("discrete group '$group' has no option '$option': $options")
        }
        val changed = values
        for (i in part.range) changed[i] = if (i == part.range.first + chosen) 1f else 0f
        return Parameters(schema, changed, locked, Unit)
    }

    /**
     * Returns a character with more locks: on controllers, discrete groups, or parts of the face (`eye`), which stand
     * for all of their controllers.
     *
     * @throws F2PError of the kind `INVALID_INPUT` if a name is none of these.
     */
    fun locking(vararg names: String): Parameters = Parameters(schema, numbers, locked + lockable(names.asList()), Unit)

    /** Returns a character without what [locking] locks. */
    fun unlocking(vararg names: String): Parameters = Parameters(schema, numbers, locked - lockable(names.asList()), Unit)

    /** The character as `parameters.json`, byte for byte as f2p-deploy's Python side writes it. */
    val json: String get() = parametersToJson(this)

    /** Which values are locked. */
    internal val lockedMask: BooleanArray
        get() = (
            schema.controllers.map { it.name in locked } +
                schema.discrete.flatMap { group -> group.options.map { group.name in locked } }
            ).toBooleanArray()

    /** Returns generated values for everything but what is locked here. */
    internal fun merged(generated: FloatArray): FloatArray {
        val mask = lockedMask
        return FloatArray(generated.size) { if (mask[it]) numbers[it] else generated[it] }
    }

    override fun equals(other: Any?): Boolean = other is Parameters && other.schema.fingerprint == schema.fingerprint &&
        other.numbers.contentEquals(numbers) && other.locked == locked

    override fun hashCode(): Int = 31 * numbers.contentHashCode() + locked.hashCode()

    private fun requireUnlocked(name: String) {
        if (name in locked) throw invalid("'$name' is locked: unlock it before changing it")
    }

    private fun lockable(names: Collection<String>): Set<String> = names.flatMapTo(LinkedHashSet()) { name ->
        val ofPart = schema.controllers.filter { it.group == name }.map { it.name }
        when {
            schema.controllers.any { it.name == name } || schema.discrete.any { it.name == name } -> listOf(name)
            ofPart.isNotEmpty() -> ofPart
            else -> throw invalid("no controller, discrete group or part of the face named '$name'")
        }
    }

    companion object {
        /** How far the probabilities of one discrete group may be from adding up to 1. */
        private const val SUM_TOLERANCE = 1e-3

        /**
         * Creates a character.
         *
         * @throws F2PError of the kind `INVALID_INPUT` for a wrong count, a value outside [0, 1], a discrete group whose
         *   probabilities do not add up to 1, or a lock on an unknown name.
         */
        @JvmStatic
        @JvmOverloads
        fun of(schema: Schema, values: FloatArray, locked: Collection<String> = emptySet()): Parameters {
            if (values.size != schema.count) {
                throw invalid("schema '${schema.name}' has ${schema.count} parameters, found ${values.size}")
            }
            values.forEachIndexed { i, value ->
                if (!(value >= 0 && value <= 1)) {
                    throw invalid("'${schema.parameterNames[i]}' must lie in [0, 1], found $value")
                }
            }
            for (part in schema.parts) {
                val sum = part.range.sumOf { values[it].toDouble() }
                if (abs(sum - 1) > SUM_TOLERANCE) {
                    throw invalid("the probabilities of discrete group '${part.group.name}' must add up to 1, found $sum")
                }
            }
            return Parameters(schema, values.copyOf(), emptySet(), Unit).locking(*locked.toTypedArray())
        }

        /**
         * Reads a character that [json], or the Python side, has written; it may have been edited by hand.
         *
         * @throws F2PError of the kind `INVALID_INPUT` for another schema, or an unknown, missing or wrong entry.
         */
        @JvmStatic
        fun fromJson(json: String, schema: Schema): Parameters = parametersFromJson(json, schema)
    }
}

internal fun invalid(message: String) = F2PError(F2PErrorKind.INVALID_INPUT, message)
