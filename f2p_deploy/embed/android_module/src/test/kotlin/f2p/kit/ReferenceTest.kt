package f2p.kit

import java.io.File
import kotlin.math.abs
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue
import kotlinx.coroutines.runBlocking
import org.junit.Test

/** The Kotlin side computes what the Python side does; no network is needed, so these run on any machine. */
class ReferenceTest {
    private val cases = Reference.cases
    private val contract = Reference.contract
    private val schema = contract.schema

    @Test
    fun jsonIsThatOfPythonByteForByteAndReadsBack() {
        for (character in cases.each("characters")) {
            val parameters = Parameters.of(schema, character.floats("values"), character.names("locked"))
            assertEquals(character["json"], parameters.json)
            assertEquals(parameters, Parameters.fromJson(parameters.json, schema))
        }
    }

    @Test
    fun decimalsAreThoseOfPython() {
        for (pair in cases["decimals"] as List<*>) {
            val (value, text) = pair as List<*>
            assertEquals(text, Json.decimal((value as Number).toFloat()))
        }
    }

    @Test
    fun discreteGroups() {
        val beta = cases.number("beta").toFloat()
        val soft = cases.floats("soft")
        assertClose(schema.state(soft, beta), cases.floats("state"), 1e-5f)
        assertClose(schema.smoothed(cases.floats("state"), beta), cases.floats("smoothed"), 1e-6f)
        assertContentEquals(cases.floats("hardened"), schema.hardened(soft))
        assertContentEquals(cases.floats("hardenedWithLead"), schema.hardened(soft, 0.5f))
    }

    @Test
    fun optionsThroughTheShortcutAreThoseThatPythonChooses() = runBlocking {
        val options = cases.entries("options")
        val pairs = options.each("pairs").map {
            Triple(it.number("first").toInt(), it.number("second").toInt(), it.number("cost").toFloat())
        }
        val count = options.number("count").toInt()
        val networks = FormulaNetworks(count, options.number("loss").toFloat(), options.floats("single"), pairs)
        val chooser = FastOptionChooser(networks, contract, count)
        val photo = Description(floatArrayOf(1f), floatArrayOf(0f))
        val start = options.floats("start")
        for (wanted in options.each("cases")) {
            val keep = Parameters.of(schema, start, wanted.names("locked"))
            assertContentEquals(wanted.floats("chosen"), chooser.run(start, photo, keep.lockedMask))
        }
    }

    @Test
    fun theTrueLossIsThatOfPython() {
        val wanted = cases.entries("trueLoss")
        fun described(name: String) = wanted.entries(name).let { Description(it.floats("identity"), it.floats("content")) }
        val loss = wanted.number("loss").toFloat()
        assertEquals(loss, contract.trueLoss(described("drawn"), described("photo")), 1e-5f * abs(loss))
    }

    @Test
    fun warpDrawsWhatPythonDraws() {
        val edge = cases.entries("photo").number("edge").toInt()
        val photo = Picture(edge, edge, cases.entries("photo").bytes("pixels"))
        val size = cases.number("size").toInt()
        for (warp in cases.each("warps")) {
            val found = Similarity.fit(points(warp["landmarks"]), contract.template.map { it * size.toDouble() })
            val (first, second) = (warp["matrix"] as List<*>).map { row -> numbers(row).map { it.toDouble() } }
            assertEquals(first[0], found.a, 1e-9)
            assertEquals(second[0], found.b, 1e-9)
            assertEquals(first[2], found.shift.x, 1e-7)
            assertEquals(second[2], found.shift.y, 1e-7)
            val drawn = warped(photo, found, size)
            val wanted = Picture(size, size, warp.bytes("pixels"))
            val off = (0 until size * size).maxOf { i -> (0 until 3).maxOf { abs(drawn.channel(i, it) - wanted.channel(i, it)) } }
            assertTrue(off <= 1, "$off of 255")
        }
    }

    @Test
    fun squaresForNetworksAreThoseThatPythonDraws() {
        val edge = cases.entries("photo").number("edge").toInt()
        val photo = Picture(edge, edge, cases.entries("photo").bytes("pixels"))
        for (warp in cases.each("quickWarps")) {
            val (first, second) = (warp["matrix"] as List<*>).map { row -> numbers(row).map { it.toDouble() } }
            val wanted = numbers(warp["pixels"]).map { it.toInt() }
            val size = Math.round(Math.sqrt(wanted.size / 3.0)).toInt()
            val drawn = quicklyWarped(photo, Similarity(first[0], second[0], Point(first[2], second[2])), size)
            val off = wanted.indices.maxOf { abs(drawn.channel(it / 3, it % 3) - wanted[it]) }
            assertTrue(off <= 1, "$off of 255")
        }
    }

    @Test
    fun landmarksOfAMeshAreThoseOfPython() {
        val mesh = cases.entries("mesh")
        val found = Landmarks.ofFaceMesh(points(mesh["points"])).points
        for ((point, wanted) in found.zip(points(mesh["landmarks"]))) assertTrue((point - wanted).length < 1e-9)
        assertEquals(F2PErrorKind.INVALID_INPUT, kindOf { Landmarks.ofFaceMesh(emptyList()) })
    }

    @Test
    fun landmarksDoNotDependOnHowSidesAreNamed() {
        val left = listOf(Point(30.0, 40.0), Point(40.0, 40.0))
        val right = listOf(Point(60.0, 40.0), Point(70.0, 40.0))
        val nose = listOf(Point(50.0, 45.0), Point(51.0, 60.0))
        val lips = listOf(Point(40.0, 75.0), Point(50.0, 72.0), Point(60.0, 75.0))
        val found = assertNotNull(Landmarks.ofOutlines(left, right, nose, lips))
        assertEquals(found, Landmarks.ofOutlines(right, left, nose, lips))
        assertEquals(Point(35.0, 40.0), found.leftEye)
        assertEquals(Point(51.0, 60.0), found.noseTip)
        assertEquals(Point(40.0, 75.0), found.mouthLeft)
        assertNull(Landmarks.ofOutlines(left, emptyList(), nose, lips))
    }

    @Test
    fun theSquaresThatAreSearchedAreThoseOfPython() {
        assertEquals(listOf(1, 1, 3, 6), squares(600, 400).map { it.size }.toList())
        assertEquals(listOf(Square(-20.0, 0.0, 100.0)), squares(100, 60).first())
    }

    @Test
    fun facesThatNoGoodCharacterComesOfAreRefused() {
        val photo = Picture(64, 64, ByteArray(3 * 64 * 64) { 128.toByte() })
        fun face(scale: Double, turn: Double = 0.0): FoundFace {
            val points = contract.template.map { it * scale }
            return FoundFace(Landmarks.of(points).copy(noseTip = points[2] + Point(turn * scale, 0.0)))
        }
        val alignment = Alignment(contract)
        assertEquals(F2PErrorKind.TOO_SMALL, kindOf { alignment.align(photo, face(20.0)) })
        assertEquals(F2PErrorKind.TURNED, kindOf { alignment.align(photo, face(600.0, turn = 0.4)) })
        assertNull(kindOf { alignment.align(photo, face(600.0)) })
        assertEquals(F2PErrorKind.TURNED, kindOf { alignment.align(photo, face(600.0).let { FoundFace(it.landmarks, -70.0) }) })
        assertTrue(alignment.align(photo, face(100.0)).warnings.isNotEmpty())
        assertEquals(F2PErrorKind.TOO_SMALL, kindOf { alignment.align(photo, face(Double.NaN)) })
    }

    @Test
    fun handEditingKeepsLocksAndRanges() {
        val name = schema.controllers[0].name
        val parameters = schema.average.with(name, 0.25f).locking(name)
        assertEquals(0.25f, parameters[name])
        assertNull(parameters["no such controller"])
        for (wrong in listOf<() -> Any>(
            { parameters.with(name, 0.5f) },
            { parameters.with("no such controller", 0.5f) },
            { parameters.unlocking(name).with(name, 1.5f) },
            { parameters.locking("no such name") },
            { Parameters.of(schema, floatArrayOf(0.5f)) },
            { Parameters.of(schema, parameters.values.also { it[0] = Float.NaN }) },
        )) assertEquals(F2PErrorKind.INVALID_INPUT, kindOf(wrong))
        schema.discrete.firstOrNull()?.let { group ->
            val option = group.options.last()
            assertEquals(option, parameters.choosing(option, group.name).choice(group.name))
            assertEquals(F2PErrorKind.INVALID_INPUT, kindOf { parameters.choosing("no such option", group.name) })
        }
        assertEquals(0.25f, parameters.merged(FloatArray(schema.count))[0])
        val part = schema.controllers[0].group
        assertTrue(name in schema.average.locking(part).locked)
    }

    @Test
    fun parameterFilesThatAreWrongAreRefusedInASentence() {
        val json = schema.average.json
        val first = schema.controllers[0].name
        for ((wrong, words) in mapOf(
            "{" to "not a parameter file",
            "[]" to "not an object",
            "[".repeat(5000) to "nested too deeply",
            json.replace("f2p-parameters", "f2p") to "its 'format' is not",
            json.replace("\"version\": 1", "\"version\": 2") to "'version' must be 1",
            json.replace(schema.fingerprint, "0") to "another version of schema",
            json.replace("\"$first\"", "\"no such\"") to "no controller named 'no such'",
            json.replaceFirst("    \"$first\"", "    \"$first\": 0.5,\n    \"$first\"") to "appears more than once",
            json.replaceFirst(Regex("\"${Regex.escape(first)}\": [0-9.]+"), "\"$first\": 1.5") to "must lie in [0, 1]",
            json.replace("\"locked\": []", "\"locked\": [\"nobody\"]") to "named 'nobody'",
        )) {
            val error = assertFailsWith<F2PError>(words) { Parameters.fromJson(wrong, schema) }
            assertTrue(words in error.message, error.message)
            assertEquals(F2PErrorKind.INVALID_INPUT, error.kind)
        }
    }

    @Test
    fun filesAreUnpackedOnceWholeOrNotAtAll() {
        val cache = File.createTempFile("f2pkit", "").apply { delete() }
        try {
            var opened = 0
            fun files(content: String) = ModelFiles(contract, cache) {
                opened++
                ByteArray(if (content == "whole") contract.files.getValue(it).toInt() else 1).inputStream()
            }
            val error = assertFailsWith<F2PError> { files("cut off").folder() }
            assertTrue("bytes instead of" in error.message, error.message)
            assertEquals(emptyList(), cache.list().orEmpty().toList())
            File(cache, "f2pkit-older").mkdirs()
            val folder = files("whole").folder()
            assertEquals(listOf(folder.name), cache.list().orEmpty().toList())
            opened = 0
            assertEquals(folder, files("whole").folder())
            assertEquals(0, opened)
        } finally {
            cache.deleteRecursively()
        }
    }

    private fun kindOf(work: () -> Any): F2PErrorKind? = try {
        work()
        null
    } catch (error: F2PError) {
        error.kind
    }

    private fun assertClose(found: FloatArray, expected: FloatArray, tolerance: Float) {
        assertEquals(expected.size, found.size)
        for (i in found.indices) assertEquals(expected[i], found[i], tolerance)
    }
}
