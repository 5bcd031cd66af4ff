/** Stand-ins for the test libraries of Android: contexts of the folders that the environment names. */
package androidx.test.platform.app

import android.content.Context
import java.io.File

class Instrumentation {
    private val files = File(System.getenv("F2P_FILES"))

    val targetContext: Context = Context(File(System.getenv("F2P_ASSETS")), files)
    val context: Context = Context(File(System.getenv("F2P_TEST_ASSETS")), files)
}

object InstrumentationRegistry {
    @JvmStatic
    fun getInstrumentation(): Instrumentation = Instrumentation()
}
