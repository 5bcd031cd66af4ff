package android.system

class ErrnoException(function: String, val errno: Int) : Exception(function)

object Os {
    /** What was set, by name; a test looks at it. */
    @JvmField
    val variables = HashMap<String, String>()

    @JvmStatic
    fun setenv(name: String, value: String, overwrite: Boolean) {
        variables[name] = value
    }
}
