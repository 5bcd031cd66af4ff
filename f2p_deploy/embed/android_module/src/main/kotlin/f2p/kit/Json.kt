package f2p.kit

import java.math.BigDecimal
import java.math.MathContext
import java.math.RoundingMode

/**
 * A reader and writer of JSON, for files of this package and parameter files.
 *
 * Values are `Map<String, Any?>`, `List<Any?>`, `String`, `Number`, `Boolean` and null. Numbers keep their decimals
 * ([JsonNumber]), so that a float32 is rounded once.
 */
internal object Json {
    /**
     * Reads a text.
     *
     * @throws IllegalArgumentException with the position, if the text is not JSON or repeats a name.
     */
    fun parse(text: String): Any? = Reader(text).whole()

    /** Returns a text in quotes, escaped as Python's `json` does with `ensure_ascii=False`. */
    fun quoted(text: String): String = buildString {
        append('"')
        for (letter in text) {
            when (letter) {
                '"' -> append("\\\"")
                '\\' -> append("\\\\")
                '\n' -> append("\\n")
                '\r' -> append("\\r")
                '\t' -> append("\\t")
                '\b' -> append("\\b")
                '\u000c' -> append("\\f")
                else -> if (letter < ' ') append("\\u%04x".format(letter.code)) else append(letter)
            }
        }
        append('"')
    }

    /**
     * Returns the shortest decimal that reads back as the same float32, written as Python writes numbers.
     *
     * `Float.toString` is not used: Java before 19 and Android do not always find the shortest decimal.
     */
    fun decimal(value: Float): String {
        if (value == 0f) return if (1 / value < 0) "-0.0" else "0.0"
        val shortest = shortest(value).stripTrailingZeros()
        val digits = shortest.unscaledValue().abs().toString()
        val exponent = digits.length - 1 - shortest.scale()
        val sign = if (value < 0) "-" else ""
        return sign + when {
            exponent < -4 || exponent >= 16 -> {
                val point = if (digits.length > 1) "." + digits.substring(1) else ""
                val size = kotlin.math.abs(exponent).toString().padStart(2, '0')
                "${digits[0]}${point}e${if (exponent < 0) "-" else "+"}$size"
            }
            exponent < 0 -> "0." + "0".repeat(-exponent - 1) + digits
            digits.length <= exponent + 1 -> digits + "0".repeat(exponent + 1 - digits.length) + ".0"
            else -> digits.substring(0, exponent + 1) + "." + digits.substring(exponent + 1)
        }
    }

    private fun shortest(value: Float): BigDecimal {
        val exact = BigDecimal(value.toDouble())
        for (count in 1..8) {
            val nearest = exact.round(MathContext(count, RoundingMode.HALF_EVEN))
            // Above a power of two the floats are farther apart than below it: the next decimal up may read back as
            // the value where the nearest one, just below, does not.
            for (decimal in listOf(nearest, nearest.add(nearest.ulp()))) {
                if (decimal.toString().toFloat() == value) return decimal
            }
        }
        return exact.round(MathContext(9, RoundingMode.HALF_EVEN))
    }
}

/** A number as it was written. */
internal class JsonNumber(private val text: String) : Number() {
    override fun toByte() = toInt().toByte()
    override fun toShort() = toInt().toShort()
    override fun toInt() = text.toDouble().toInt()
    override fun toLong() = text.toDouble().toLong()
    override fun toFloat() = text.toFloat()
    override fun toDouble() = text.toDouble()
    override fun toString() = text
    val isWhole get() = text.none { it in ".eE" }
}

private class Reader(private val text: String) {
    private var at = 0

    fun whole(): Any? {
        val value = value(0)
        blanks()
        if (at < text.length) fail("more text after the end")
        return value
    }

    private fun value(depth: Int): Any? {
        if (depth > DEEPEST) fail("nested too deeply")
        blanks()
        return when (val letter = peek()) {
            '{' -> entries(depth)
            '[' -> elements(depth)
            '"' -> string()
            't' -> word("true", true)
            'f' -> word("false", false)
            'n' -> word("null", null)
            else -> if (letter == '-' || letter in '0'..'9') number() else fail("unexpected '$letter'")
        }
    }

    private fun entries(depth: Int): Map<String, Any?> {
        val found = LinkedHashMap<String, Any?>()
        listed('{', '}') {
            if (peek() != '"') fail("a name in quotes is missing")
            val name = string()
            blanks()
            take(':')
            if (name in found) fail("'$name' appears more than once")
            found[name] = value(depth + 1)
        }
        return found
    }

    private fun elements(depth: Int): List<Any?> {
        val found = ArrayList<Any?>()
        listed('[', ']') { found.add(value(depth + 1)) }
        return found
    }

    private fun listed(open: Char, close: Char, element: () -> Unit) {
        take(open)
        blanks()
        if (peek() == close) {
            at++
            return
        }
        while (true) {
            blanks()
            element()
            blanks()
            if (peek() == close) break
            take(',')
        }
        at++
    }

    private fun string(): String {
        take('"')
        val found = StringBuilder()
        while (true) {
            val letter = next()
            when {
                letter == '"' -> return found.toString()
                letter == '\\' -> found.append(escaped())
                letter < ' ' -> fail("a line break or control character inside a text")
                else -> found.append(letter)
            }
        }
    }

    private fun escaped(): Char = when (val letter = next()) {
        '"', '\\', '/' -> letter
        'b' -> '\b'
        'f' -> '\u000c'
        'n' -> '\n'
        'r' -> '\r'
        't' -> '\t'
        'u' -> {
            if (at + 4 > text.length) fail("unexpected end")
            val code = text.substring(at, at + 4).toIntOrNull(16) ?: fail("a wrong escape")
            at += 4
            code.toChar()
        }
        else -> fail("a wrong escape")
    }

    private fun number(): JsonNumber {
        val match = NUMBER.find(text, at)
        if (match == null || match.range.first != at) fail("a wrong number")
        at = match.range.last + 1
        return JsonNumber(match.value)
    }

    private fun word(word: String, value: Any?): Any? {
        if (!text.startsWith(word, at)) fail("unexpected '${peek()}'")
        at += word.length
        return value
    }

    private fun blanks() {
        while (at < text.length && text[at] in " \t\r\n") at++
    }

    private fun take(letter: Char) {
        if (peek() != letter) fail("'$letter' is missing")
        at++
    }

    private fun next(): Char {
        val letter = peek()
        at++
        return letter
    }

    private fun peek(): Char = if (at < text.length) text[at] else fail("unexpected end")

    private fun fail(what: String): Nothing {
        val before = text.substring(0, minOf(at, text.length))
        val line = before.count { it == '\n' } + 1
        throw IllegalArgumentException("$what in line $line, column ${before.length - before.lastIndexOf('\n')}")
    }

    private companion object {
        /** Nested deeper than this, a text is refused; a parameter file has three levels. */
        const val DEEPEST = 100
        val NUMBER = Regex("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")
    }
}
