/** Stand-ins for the few classes of Android that f2pkit uses; assets are files below a folder. */
package android.content

import android.content.res.AssetManager
import java.io.File

open class Context(assets: File, private val files: File) {
    open val applicationContext: Context get() = this
    open val assets: AssetManager = AssetManager(assets)
    open val noBackupFilesDir: File get() = files.apply { mkdirs() }
}
