/**
 * Stand-ins for the classes of ONNX Runtime's Java package that f2pkit uses: a Python process computes for them
 * (`bridge.py`). Their declarations follow the public API of onnxruntime-android 1.29.
 */
package ai.onnxruntime

import java.io.DataInputStream
import java.io.DataOutputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.FloatBuffer

class OrtException(message: String) : Exception(message)

enum class OnnxJavaType { FLOAT, UINT8 }

abstract class OnnxTensorLike : OnnxValue

interface OnnxValue : AutoCloseable

class OnnxTensor private constructor(
    internal val type: OnnxJavaType, internal val bytes: ByteArray, internal val shape: LongArray,
) : OnnxTensorLike() {
    val floatBuffer: FloatBuffer get() = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()

    override fun close() = Unit

    companion object {
        @JvmStatic
        fun createTensor(env: OrtEnvironment, data: FloatBuffer, shape: LongArray): OnnxTensor {
            val bytes = ByteBuffer.allocate(4 * data.remaining()).order(ByteOrder.LITTLE_ENDIAN)
            bytes.asFloatBuffer().put(data)
            return checked(OnnxJavaType.FLOAT, bytes.array(), shape, 4)
        }

        @JvmStatic
        fun createTensor(env: OrtEnvironment, data: ByteBuffer, shape: LongArray, type: OnnxJavaType): OnnxTensor {
            val bytes = ByteArray(data.remaining()).also { data.get(it) }
            return checked(type, bytes, shape, 1)
        }

        internal fun computed(bytes: ByteArray) = OnnxTensor(OnnxJavaType.FLOAT, bytes, longArrayOf(bytes.size / 4L))

        private fun checked(type: OnnxJavaType, bytes: ByteArray, shape: LongArray, size: Int): OnnxTensor {
            if (shape.fold(1L) { all, edge -> all * edge } * size != bytes.size.toLong()) {
                throw OrtException("${bytes.size} bytes do not fill ${shape.toList()}")
            }
            return OnnxTensor(type, bytes, shape)
        }
    }
}

class OrtEnvironment private constructor() {
    val version: String get() = "of Python"

    fun setTelemetry(sendTelemetry: Boolean) {
        reports = sendTelemetry
    }

    fun createSession(modelPath: String, options: OrtSession.SessionOptions): OrtSession = OrtSession(modelPath, options)

    companion object {
        private val only = OrtEnvironment()

        /** Whether reports of use are sent; a test looks at it. */
        @JvmField
        var reports = true

        @JvmStatic
        fun getEnvironment(): OrtEnvironment = only
    }
}

class OrtSession internal constructor(private val path: String, options: SessionOptions) : AutoCloseable {
    init {
        Bridge.ask("open", path, emptyMap())
    }

    class SessionOptions : AutoCloseable {
        fun addConfigEntry(configKey: String, configValue: String) = Unit
        fun setIntraOpNumThreads(numThreads: Int) = Unit
        fun addXnnpack(providerOptions: Map<String, String>) = Unit
        override fun close() = Unit
    }

    class Result internal constructor(private val found: Map<String, OnnxValue>) :
        AutoCloseable, Iterable<Map.Entry<String, OnnxValue>> {
        override fun iterator() = found.entries.iterator()
        override fun close() = Unit
    }

    fun run(inputs: Map<String, OnnxTensorLike>): Result =
        Result(Bridge.ask("run", path, inputs.mapValues { it.value as OnnxTensor }))

    override fun close() = Unit
}

/** The Python process: one request after the other over its standard streams; see `bridge.py`. */
private object Bridge {
    private val process = ProcessBuilder(System.getenv("F2P_PYTHON"), System.getenv("F2P_BRIDGE"))
        .redirectError(ProcessBuilder.Redirect.INHERIT).start()
    private val asked = DataOutputStream(process.outputStream.buffered(1 shl 20))
    private val answered = DataInputStream(process.inputStream.buffered(1 shl 20))

    @Synchronized
    fun ask(what: String, path: String, inputs: Map<String, OnnxTensor>): Map<String, OnnxTensor> {
        text(what)
        text(path)
        asked.writeInt(inputs.size)
        for ((name, tensor) in inputs) {
            text(name)
            text(tensor.type.name)
            asked.writeInt(tensor.shape.size)
            tensor.shape.forEach { asked.writeLong(it) }
            asked.write(tensor.bytes)
        }
        asked.flush()
        val count = answered.readInt()
        if (count < 0) throw OrtException(readText())
        return (0 until count).associate {
            val name = readText()
            name to OnnxTensor.computed(ByteArray(answered.readInt()).also { answered.readFully(it) })
        }
    }

    private fun text(text: String) {
        val bytes = text.toByteArray()
        asked.writeInt(bytes.size)
        asked.write(bytes)
    }

    private fun readText() = String(ByteArray(answered.readInt()).also { answered.readFully(it) })
}
