package f2p.kit.android

import android.content.Context
import f2p.kit.BlockingGenerator
import f2p.kit.CharacterGenerator
import f2p.kit.Contract
import f2p.kit.F2PError
import f2p.kit.F2PErrorKind
import f2p.kit.FaceFinder
import f2p.kit.GoldenCheck
import f2p.kit.ModelFiles
import f2p.kit.NetworkFaceFinder
import java.io.IOException

/** Folder of this package's assets. */
private const val ASSETS = "f2pkit"

/**
 * Returns a generator of the networks in this package.
 *
 * Nothing is unpacked or loaded yet: `warmUp` does that, best behind a loading screen. Before their first use the networks
 * are compared with golden vectors; a device that computes them wrongly gets an `F2PError` instead of a wrong character.
 *
 * @param context any context of the app.
 * @param provider what computes.
 * @param threads number of threads of one call.
 * @param finder finds the faces of photos; null for the two networks in this package.
 * @throws F2PError of the kind `MISSING` if there is no contract, or one of another format.
 */
fun CharacterGenerator.Companion.bundled(
    context: Context,
    provider: Provider = Provider.CPU,
    threads: Int = usualThreads(),
    finder: FaceFinder? = null,
): CharacterGenerator {
    val assets = context.applicationContext.assets
    fun read(name: String): ByteArray = try {
        assets.open("$ASSETS/$name").use { it.readBytes() }
    } catch (error: IOException) {
        throw F2PError(F2PErrorKind.MISSING, "cannot read the asset $ASSETS/$name: embed the artifact again", error)
    }
    val contract = Contract.parse(String(read("contract.json"), Charsets.UTF_8))
    val files = ModelFiles(contract, context.applicationContext.noBackupFilesDir) { assets.open("$ASSETS/$it") }
    val golden = GoldenCheck(contract, String(read("golden/golden.json"), Charsets.UTF_8)) { read("golden/$it") }
    return CharacterGenerator(
        contract,
        OrtNetworks(contract, files, provider, threads),
        finder ?: usualFinder(contract, files),
        golden,
    )
}

private fun usualFinder(contract: Contract, files: ModelFiles): FaceFinder {
    if (contract.files.keys.any { it.startsWith("finder/") }) return NetworkFaceFinder(OrtFinderNetworks(files))
    return FaceFinder {
        throw F2PError(
            F2PErrorKind.MISSING, "this package was made without its face finder: pass landmarks, or a finder of your own"
        )
    }
}

/** Opens generators for Java, Unity's `AndroidJavaClass` and JNI. */
object F2PKit {
    /** Returns a generator of the networks in this package whose calls wait; see [bundled]. */
    @JvmStatic
    fun open(context: Context): BlockingGenerator = BlockingGenerator(CharacterGenerator.bundled(context))
}
