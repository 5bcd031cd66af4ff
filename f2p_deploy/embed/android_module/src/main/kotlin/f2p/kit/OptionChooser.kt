package f2p.kit

import kotlin.math.pow
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive

/** Chooses the options of the discrete groups that come nearest to a photo by their content loss. */
internal interface OptionChooser {
    /**
     * Returns parameters with the best option of each discrete group.
     *
     * @param values parameters with one option in each discrete group.
     * @param locked groups with a locked entry are left alone; null for none.
     */
    suspend fun run(values: FloatArray, photo: Description, locked: BooleanArray?): FloatArray
}

/** Draws every option of the discrete groups, group by group, in the schema's order. */
internal class DrawingOptionChooser(private val networks: Networks, private val contract: Contract) : OptionChooser {
    override suspend fun run(values: FloatArray, photo: Description, locked: BooleanArray?): FloatArray {
        var chosen = values
        for (part in contract.schema.parts) {
            if (locked != null && part.range.any { locked[it] }) continue
            var best = chosen
            var least = Float.POSITIVE_INFINITY
            withEachOption(chosen, part.range).forEachIndexed { i, tried ->
                currentCoroutineContext().ensureActive()
                var loss = contract.contentLoss(photo.content, networks.describe(networks.render(tried)).content)
                if (part.group.options[i] == part.group.standard) loss *= (1 - contract.standardMargin).toFloat()
                if (loss < least) {
                    best = tried
                    least = loss
                }
            }
            chosen = best
        }
        return chosen
    }
}

/**
 * Compares options through the shortcut.
 *
 * Each round compares all options of all groups, each beside the others' present options; then the best single change,
 * the best of every group together, and the best other options of every two groups, since two changes may be good
 * together that are bad alone. The best of all is taken, until nothing is better.
 *
 * @param count how many characters one call of `compare_fast` takes.
 */
internal class FastOptionChooser(
    private val networks: Networks,
    private val contract: Contract,
    private val count: Int,
) : OptionChooser {
    private val standard = contract.schema.average.numbers

    override suspend fun run(values: FloatArray, photo: Description, locked: BooleanArray?): FloatArray {
        val groups = contract.schema.parts.map { it.range }.filter { range -> range.none { locked?.get(it) == true } }
        var chosen = values
        repeat(groups.size) {
            val singles = groups.flatMap { withEachOption(chosen, it) }
            val scores = scores(singles, groups, photo)
            val present = singles.indexOfFirst { it.contentEquals(chosen) }.let { scores.getOrNull(it) }
            val candidates = listOf(singles[lowest(singles.indices, scores)]) + changes(chosen, groups, singles, scores)
            val found = scores(candidates, groups, photo)
            val best = lowest(candidates.indices, found)
            if (found[best] >= (present ?: Double.POSITIVE_INFINITY) * (1 - ROUNDING)) return chosen
            chosen = candidates[best]
        }
        return chosen
    }

    /** Returns the best option of every group together, then the best other options of every two groups. */
    private fun changes(
        chosen: FloatArray, groups: List<IntRange>, singles: List<FloatArray>, scores: List<Double>,
    ): List<FloatArray> {
        val together = chosen.copyOf()
        val others = ArrayList<Pair<IntRange, FloatArray>>()
        var start = 0
        for (group in groups) {
            val tried = start until start + group.count()
            singles[lowest(tried, scores)].copyInto(together, group)
            val changed = tried.filter { !singles[it].contentEquals(chosen) }
            if (changed.isNotEmpty()) others += group to singles[lowest(changed, scores)]
            start = tried.last + 1
        }
        val pairs = others.indices.flatMap { i ->
            others.drop(i + 1).map { (other, itsOptions) ->
                val (one, options) = others[i]
                chosen.copyOf().also {
                    options.copyInto(it, one)
                    itsOptions.copyInto(it, other)
                }
            }
        }
        return listOf(together) + pairs
    }

    /** Returns content losses, less a margin for each of the groups that is at its standard option. */
    private suspend fun scores(characters: List<FloatArray>, groups: List<IntRange>, photo: Description): List<Double> {
        val losses = ArrayList<Float>()
        for (start in characters.indices step count) {
            currentCoroutineContext().ensureActive()
            // The last call is filled up with the last character.
            val batch = List(count) { characters[minOf(start + it, characters.lastIndex)] }
            losses += networks.compareFast(batch, photo).contentLosses.asList()
        }
        return characters.mapIndexed { i, character ->
            val atStandard = groups.count { group -> group.all { character[it] == standard[it] } }
            losses[i] * (1 - contract.standardMargin).pow(atStandard)
        }
    }

    private companion object {
        /** A difference of losses below this part of them is rounding. */
        const val ROUNDING = 1e-6
    }
}

/** Returns copies of parameters, each with another option of one group. */
private fun withEachOption(values: FloatArray, group: IntRange): List<FloatArray> = group.map { option ->
    values.copyOf().also { tried -> for (i in group) tried[i] = if (i == option) 1f else 0f }
}

/** Returns the place of the lowest score, the first one if several are equal. */
private fun lowest(places: Iterable<Int>, scores: List<Double>): Int = places.minBy { scores[it] }

private fun FloatArray.copyInto(target: FloatArray, range: IntRange) =
    copyInto(target, range.first, range.first, range.last + 1)
