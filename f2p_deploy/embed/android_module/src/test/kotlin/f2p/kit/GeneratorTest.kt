package f2p.kit

import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNotEquals
import kotlin.test.assertTrue
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.Test

/** Searches with networks by formula: through the shortcut, they make a character brighter. */
class GeneratorTest {
    private val plain = Reference.contract.schema
    private val black = Description(floatArrayOf(1f), floatArrayOf(0f))

    @Test
    fun aResultThatIsWorseThanTheStartIsNotReturned() = runBlocking {
        val judge = Judge(networks(), contract(shortcut = true))
        val (dark, bright) = lit(0f) to lit(1f)
        val worse = judge.better(dark, Found(bright, listOf(3f, 2f, 1f)), black, keepBest = true)
        assertContentEquals(dark, worse.parameters)
        assertEquals(listOf(0f, 2f, 0f), worse.losses)
        val better = judge.better(bright, Found(dark, listOf(3f, 2f, 1f)), black, keepBest = true)
        assertContentEquals(dark, better.parameters)
        assertEquals(listOf(1f, 2f, 0f), better.losses)
        val last = judge.better(dark, Found(bright, listOf(3f, 2f, 1f)), black, keepBest = false)
        assertContentEquals(bright, last.parameters)
        assertEquals(listOf(0f, 2f, 1f), last.losses)
    }

    @Test
    fun aGeneratorGoesThroughTheShortcutAndIsJudged() = runBlocking {
        val contract = contract(shortcut = true)
        val generator = generator(contract)
        val steps = contract.iterative.learningRates.size
        val through = generator.generate(face(255), Mode.ITERATIVE)
        assertTrue(through.parameters.values[0] > 0.5f, "towards a white photo")
        assertEquals(steps + 1, through.losses.size)
        assertEquals(0.5f, through.losses[0], 0.01f, "the true one, not 1.5")
        assertEquals(1 - through.parameters.values[0], through.losses[steps], 0.01f)
        val judged = generator.generate(face(0), Mode.ITERATIVE)
        assertEquals(0.5f, judged.parameters.values[0], "away from a black photo")
        assertEquals(judged.losses[0], judged.losses[steps])
        for (group in plain.discrete.filter { it.options.size > 1 }) {
            assertNotEquals(group.standard, through.parameters.choice(group.name), "by the formula's costs")
        }
        val exact = generator.generate(face(255), Mode.ITERATIVE, fast = false)
        assertEquals(List(steps + 1) { 3f }, exact.losses)
    }

    @Test
    fun theGraphsThatWillBeUsedAreLoaded() = runBlocking {
        val networks = networks()
        val generator = generator(contract(shortcut = true), networks)
        generator.warmUp(Mode.ITERATIVE)
        assertEquals(listOf("describe", "step_fast", "render", "compare_fast"), networks.loaded)
        generator.warmUp(Mode.ITERATIVE, fast = false)
        assertEquals(listOf("describe", "step", "render"), networks.loaded)
        generator.warmUp(Mode.ONE_SHOT)
        assertEquals(listOf("one_shot"), networks.loaded)
    }

    @Test
    fun whatThePackageLacksIsNamed() = runBlocking {
        val fast = assertFailsWith<F2PError> {
            generator(contract(shortcut = false)).generate(face(0), Mode.ITERATIVE, fast = true)
        }
        assertEquals(F2PErrorKind.INVALID_INPUT, fast.kind)
        assertTrue("'step_fast'" in fast.message, fast.message)
        val lean = generator(contract(shortcut = false, graphs = setOf("one_shot")))
        for ((work, words) in listOf<Pair<suspend () -> Any, String>>(
            suspend { lean.generate(face(0), Mode.HYBRID) } to "without the mode 'hybrid'",
            suspend { lean.render(plain.average) } to "--modes render",
        )) {
            val error = assertFailsWith<F2PError> { work() }
            assertEquals(F2PErrorKind.MISSING, error.kind)
            assertTrue(words in error.message, error.message)
        }
        lean.generate(face(0), Mode.ONE_SHOT)
        Unit
    }

    @Test
    fun lockedValuesStayAndProgressIsTold() = runBlocking {
        val generator = generator(contract(shortcut = true))
        val name = plain.controllers[0].name
        val keep = plain.average.with(name, 0.9f).locking(name)
        val told = ArrayList<SearchProgress>()
        for (mode in Mode.entries) {
            val found = generator.generate(face(255), mode, keep) { told += it }
            assertEquals(0.9f, found.parameters[name])
            assertEquals(setOf(name), found.parameters.locked)
        }
        assertEquals(listOf(1, 2, 1, 2), told.map { it.done })
        assertEquals(2, told[0].total)
    }

    @Test
    fun aCancelledSearchStops() = runBlocking {
        val generator = generator(contract(shortcut = true))
        var steps = 0
        val search = async { generator.generate(face(255), Mode.ITERATIVE) { steps++ } }
        search.cancelAndJoin()
        assertFailsWith<CancellationException> { search.await() }
        assertEquals(0, steps)
        val other = launch {
            generator.generate(face(255), Mode.ITERATIVE) { if (++steps == 1) coroutineContext[kotlinx.coroutines.Job]!!.cancel() }
        }
        other.join()
        assertEquals(1, steps)
    }

    @Test
    fun callsThatWaitTellTheSame() = runBlocking {
        val blocking = BlockingGenerator(generator(contract(shortcut = true)))
        val told = ArrayList<Int>()
        val json = blocking.generate(face(255).pixels, Mode.ITERATIVE.code, null) { done, _, _ -> told += done; true }.json
        assertEquals(listOf(1, 2), told)
        assertEquals(generator(contract(shortcut = true)).generate(face(255), Mode.ITERATIVE).parameters.json, json)
        val stopped = assertFailsWith<F2PError> {
            blocking.generate(face(255).pixels, Mode.ITERATIVE.code, json) { _, _, _ -> false }
        }
        assertEquals(F2PErrorKind.CANCELLED, stopped.kind)
        val wrong = assertFailsWith<F2PError> { blocking.warmUp(9) }
        assertTrue("found 9" in wrong.message, wrong.message)
        assertEquals(F2PErrorKind.NO_FACE, assertFailsWith<F2PError> { blocking.align(face(0).pixels, size, size) }.kind)
        assertEquals(3, blocking.render(json).size)
        assertEquals(plain.parameterNames, blocking.parameterNames.asList())
    }

    @Test
    fun networksThatComputeWronglyAreRefusedAtEveryCall() = runBlocking {
        val index = """{"graphs": {"one_shot": {"samples": ["black"], "floors": {"controllers": 0.1, "discrete": 1.0},
            "tensors": {"face": {"file": "face.rgb", "shape": [1]}, "parameters": {"file": "parameters.f32", "shape": [1]}}}}}"""
        val contract = contract(shortcut = true)
        val check = GoldenCheck(contract, index) { if (it == "face.rgb") face(0).pixels else ByteArray(4 * plain.count) { 63 } }
        val generator = CharacterGenerator(contract, networks(), { emptyList() }, check)
        repeat(2) {
            val error = assertFailsWith<F2PError> { generator.generate(face(0), Mode.ONE_SHOT) }
            assertEquals(F2PErrorKind.MODEL_FAILED, error.kind)
            assertTrue("one_shot: controllers" in error.message, error.message)
        }
    }

    private val size = Reference.contract.imageSize

    /** Returns this package's contract with simple settings, with or without a shortcut, and with some graphs. */
    private fun contract(shortcut: Boolean, graphs: Set<String>? = null): Contract {
        val content = Reference.contract
        val search = Contract.Search(listOf(1f, 1f), 1f, 1f, 0f, true)
        // The networks are formulas, so any graph stands for one that this package was made without.
        val some = content.graphs.values.first()
        val fast = if (shortcut) listOf("step_fast", "compare_fast") else emptyList()
        val all = (listOf("one_shot", "describe", "render", "step") + fast).associateWith { some }
        return Contract(
            content.bundle, content.bundleFingerprint, content.target, plain, size, plain.state(lit(0.5f), 1f), search, search,
            true, 0.0, content.standardLead, "sum", 1.0, 1.0, shortcut, 4, content.template, content.limits,
            all.filterKeys { graphs == null || it in graphs }, content.files, content.digest,
        )
    }

    private fun generator(contract: Contract, networks: Networks = networks()) =
        CharacterGenerator(contract, networks, { emptyList() })

    /** Networks by which each group's standard option costs half as much again. */
    private fun networks(): FormulaNetworks {
        val standard = plain.average.values
        for (i in plain.controllers.indices) standard[i] = 0f
        return FormulaNetworks(4, 1024f, FloatArray(plain.count) { 512 * standard[it] }, emptyList())
    }

    /** Returns the average character, as bright as its first controller says. */
    private fun lit(value: Float): FloatArray = plain.average.values.also { it[0] = value }

    private fun face(value: Int) = Picture(size, size, ByteArray(3 * size * size) { value.toByte() })
}
