/** The annotation of JUnit 4; `tools/RunTests.kt` runs what carries it. */
package org.junit

@Retention(AnnotationRetention.RUNTIME)
@Target(AnnotationTarget.FUNCTION)
annotation class Test
