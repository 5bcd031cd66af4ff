/** Runs the tests of classes, as JUnit would: one line for each, and exit code 1 if one fails. */
package tools

import java.lang.reflect.InvocationTargetException
import kotlin.system.exitProcess
import org.junit.Test

fun main(names: Array<String>) {
    var (passed, failed) = 0 to 0
    for (name in names) {
        val type = Class.forName(name)
        for (method in type.declaredMethods.filter { it.isAnnotationPresent(Test::class.java) }.sortedBy { it.name }) {
            try {
                method.invoke(type.getDeclaredConstructor().newInstance())
                passed++
                println("passed ${type.simpleName}.${method.name}")
            } catch (error: InvocationTargetException) {
                failed++
                println("FAILED ${type.simpleName}.${method.name}: ${error.targetException}")
                error.targetException.stackTrace.filter { it.className.startsWith("f2p") }.take(4).forEach { println("  $it") }
            }
        }
    }
    println("$passed passed, $failed failed")
    exitProcess(if (failed > 0 || passed == 0) 1 else 0)
}
