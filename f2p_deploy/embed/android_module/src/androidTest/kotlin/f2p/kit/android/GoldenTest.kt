package f2p.kit.android

import androidx.test.platform.app.InstrumentationRegistry
import f2p.kit.CharacterGenerator
import f2p.kit.Contract
import f2p.kit.GoldenCheck
import f2p.kit.Mode
import f2p.kit.ModelFiles
import f2p.kit.Parameters
import f2p.kit.Picture
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertTrue
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.runBlocking
import org.junit.Test

/** The networks compute, on this device, the faces that PyTorch computed where they were exported. */
class GoldenTest {
    private val instrumentation = InstrumentationRegistry.getInstrumentation()
    private val app = instrumentation.targetContext
    private val contract = Contract.parse(String(asset("f2pkit/contract.json", own = false), Charsets.UTF_8))
    private val generator = CharacterGenerator.bundled(app)
    private val face by lazy {
        val graph = if ("one_shot" in contract.graphs) "one_shot" else "describe"
        val size = contract.imageSize
        Picture(size, size, asset("golden/$graph.face.rgb").copyOf(3 * size * size))
    }

    @Test
    fun everyGraphKeepsItsFloorsAndTheUpdateItsDirectionAndLength() = runBlocking {
        val golden = GoldenCheck(contract, String(asset("golden/golden.json"), Charsets.UTF_8)) { asset("golden/$it") }
        val files = ModelFiles(contract, app.noBackupFilesDir) { app.assets.open("f2pkit/$it") }
        val measures = OrtNetworks(contract, files).use { golden.run(it) }
        measures.forEach { println(it) }
        assertEquals(emptyList(), measures.filter { !it.passes })
        assertEquals(contract.graphs.keys, measures.map { it.graph }.toSet())
    }

    @Test
    fun everyModeReportsEveryStepAndComesNearer() = runBlocking {
        for (mode in modes()) {
            var steps = 0
            val found = generator.generate(face, mode) { steps++ }
            val settings = if (mode == Mode.ITERATIVE) contract.iterative else contract.hybrid
            assertEquals(if (mode == Mode.ONE_SHOT) 0 else settings.learningRates.size, steps)
            assertEquals(if (mode == Mode.ONE_SHOT) 0 else steps + 1, found.losses.size)
            if (steps > 0) assertTrue(found.losses.min() <= found.losses[0], "${found.losses}")
            assertEquals(found.parameters, Parameters.fromJson(found.parameters.json, generator.schema))
        }
    }

    @Test
    fun lockedControllersStay() = runBlocking {
        val name = generator.schema.controllers[0].name
        val keep = generator.schema.average.with(name, 0.9f).locking(name)
        for (mode in modes()) {
            assertEquals(0.9f, generator.generate(face, mode, keep).parameters[name])
            // The next call loads the networks again.
            generator.close()
        }
    }

    @Test
    fun aCancelledSearchStops() = runBlocking {
        val mode = modes().lastOrNull() ?: return@runBlocking
        val search = async { generator.generate(face, mode) }
        search.cancelAndJoin()
        assertFailsWith<CancellationException> { search.await() }
        Unit
    }

    @Test
    fun aPictureSurvivesTheWayThroughABitmap() {
        val picture = Picture(2, 1, byteArrayOf(0, 127, -1, 3, -128, 64))
        assertEquals(picture, Picture.of(picture.toBitmap()))
    }

    /** The modes that this package was made with. */
    private fun modes() = Mode.entries.filter { mode ->
        val graphs = listOfNotNull("one_shot".takeIf { mode != Mode.ITERATIVE }, "step".takeIf { mode != Mode.ONE_SHOT })
        contract.graphs.keys.containsAll(graphs)
    }

    private fun asset(name: String, own: Boolean = true): ByteArray =
        (if (own) instrumentation.context else app).assets.open(name).use { it.readBytes() }
}
