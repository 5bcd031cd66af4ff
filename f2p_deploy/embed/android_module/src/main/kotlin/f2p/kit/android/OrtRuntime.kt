package f2p.kit.android

import ai.onnxruntime.OnnxTensor
import ai.onnxruntime.OrtEnvironment
import ai.onnxruntime.OrtException
import ai.onnxruntime.OrtSession
import android.system.ErrnoException
import android.system.Os
import f2p.kit.F2PError
import f2p.kit.F2PErrorKind
import java.io.File
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock

/** What computes: ONNX Runtime's own kernels, or those of XNNPACK where it has them. */
enum class Provider { CPU, XNNPACK }

/**
 * ONNX Runtime: one session for each file, opened when it is first used. Calls take turns, and compute on the caller's
 * thread.
 *
 * @param provider what computes.
 * @param threads number of threads of one call.
 */
internal class OrtRuntime(private val provider: Provider, private val threads: Int) : AutoCloseable {
    private class Opened(val session: OrtSession, val options: OrtSession.SessionOptions)

    private val turn = Mutex()
    private val sessions = HashMap<File, Opened>()
    private val environment: OrtEnvironment by lazy { quietEnvironment() }

    val words: String get() = "ONNX Runtime ${environment.version}, $provider, $threads threads"

    suspend fun load(file: File) = turn.withLock { session(file) }

    /**
     * Computes a graph.
     *
     * @param file the graph.
     * @param inputs makes the tensors by name; they are closed afterwards.
     * @return the outputs by name.
     * @throws F2PError of the kind `MODEL_FAILED` if it cannot be computed, or gives NaN.
     */
    suspend fun run(file: File, inputs: (OrtEnvironment) -> Map<String, OnnxTensor>): Map<String, FloatArray> =
        turn.withLock { runNow(file, inputs) }

    private fun runNow(file: File, inputs: (OrtEnvironment) -> Map<String, OnnxTensor>): Map<String, FloatArray> {
        val session = session(file)
        val found = try {
            val tensors = inputs(environment)
            try {
                session.run(tensors).use { result ->
                    result.associate { (name, value) -> name to numbers(value as OnnxTensor) }
                }
            } finally {
                tensors.values.forEach { it.close() }
            }
        } catch (error: OrtException) {
            throw F2PError(F2PErrorKind.MODEL_FAILED, "ONNX Runtime cannot compute ${file.name}: ${error.message}", error)
        }
        for ((name, values) in found) {
            if (!values.all { it.isFinite() }) {
                throw F2PError(
                    F2PErrorKind.MODEL_FAILED, "${file.name} computed NaN or infinite values in '$name'"
                )
            }
        }
        return found
    }

    private fun numbers(tensor: OnnxTensor): FloatArray {
        val buffer = tensor.floatBuffer
        return FloatArray(buffer.remaining()).also { buffer.get(it) }
    }

    private fun session(file: File): OrtSession = sessions.getOrPut(file) {
        if (!file.isFile) throw F2PError(F2PErrorKind.MISSING, "there is no $file: embed the artifact again")
        try {
            val options = OrtSession.SessionOptions()
            // Emulators and Chromebooks without 8-bit dot products add bytes in 16 bits, which overflows, unless told so.
            options.addConfigEntry("session.x64quantprecision", "1")
            if (provider == Provider.XNNPACK) {
                options.addXnnpack(mapOf("intra_op_num_threads" to threads.toString()))
                // XNNPACK has threads of its own.
                options.setIntraOpNumThreads(1)
            } else {
                options.setIntraOpNumThreads(threads)
            }
            Opened(environment.createSession(file.path, options), options)
        } catch (error: OrtException) {
            throw F2PError(F2PErrorKind.MODEL_FAILED, "ONNX Runtime cannot load ${file.name}: ${error.message}", error)
        }
    }.session

    /** Waits for the call that computes, and frees the memory of all sessions; the next call opens them again. */
    override fun close() = runBlocking {
        turn.withLock {
            val opened = sessions.values.toList()
            sessions.clear()
            for (one in opened) {
                one.session.close()
                one.options.close()
            }
        }
    }

    private companion object {
        /**
         * Returns ONNX Runtime's environment, its reports of its use switched off.
         *
         * The variable is read when the native library starts; the function alone would be too late.
         */
        fun quietEnvironment(): OrtEnvironment = try {
            try {
                Os.setenv("ORT_DISABLE_TELEMETRY", "1", true)
            } catch (_: ErrnoException) {
                // The function below still switches off what follows.
            }
            OrtEnvironment.getEnvironment().apply { setTelemetry(false) }
        } catch (error: OrtException) {
            throw F2PError(F2PErrorKind.MISSING, "ONNX Runtime does not start here: ${error.message}", error)
        } catch (error: LinkageError) {
            throw F2PError(
                F2PErrorKind.MISSING, "ONNX Runtime has no library for this device: ${error.message}", error
            )
        }
    }
}
