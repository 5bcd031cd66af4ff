package f2p.kit

private const val FORMAT = "f2p-parameters"
private const val VERSION = 1
private val ENTRIES = setOf("format", "version", "schema", "schema_fingerprint", "controllers", "discrete", "locked")

internal fun parametersToJson(parameters: Parameters): String {
    val schema = parameters.schema
    val values = parameters.numbers
    val controllers = schema.controllers.mapIndexed { i, c -> "    ${Json.quoted(c.name)}: ${Json.decimal(values[i])}" }
    val discrete = schema.parts.map { "    ${Json.quoted(it.group.name)}: ${choiceJson(parameters, it)}" }
    val locked = parameters.locked.sortedWith(byCodePoints).map { "    ${Json.quoted(it)}" }
    val entries = listOf(
        "\"format\": ${Json.quoted(FORMAT)}",
        "\"version\": $VERSION",
        "\"schema\": ${Json.quoted(schema.name)}",
        "\"schema_fingerprint\": ${Json.quoted(schema.fingerprint)}",
        "\"controllers\": ${block("{", controllers, "}")}",
        "\"discrete\": ${block("{", discrete, "}")}",
        "\"locked\": ${block("[", locked, "]")}",
    )
    return "{\n" + entries.joinToString(",\n") { "  $it" } + "\n}\n"
}

internal fun parametersFromJson(json: String, schema: Schema): Parameters {
    val content = try {
        Json.parse(json)
    } catch (error: IllegalArgumentException) {
        throw invalid("not a parameter file: ${error.message}")
    }
    if (content !is Map<*, *>) throw invalid("not a parameter file: it is not an object with names")
    if (content["format"] != FORMAT) throw invalid("not a parameter file: its 'format' is not '$FORMAT'")
    val version = content["version"]
    if (version !is JsonNumber || !version.isWhole || version.toInt() != VERSION) {
        throw invalid("'version' must be $VERSION, found $version")
    }
    if (content["schema"] != schema.name) {
        throw invalid("'schema' must be '${schema.name}', found '${content["schema"]}'")
    }
    if ("schema_fingerprint" in content && content["schema_fingerprint"] != schema.fingerprint) {
        throw invalid(
            "written for another version of schema '${schema.name}'; to read it by name anyway, check its values and " +
                "remove 'schema_fingerprint'"
        )
    }
    content.keys.find { it !in ENTRIES }?.let { throw invalid("unknown entry '$it'") }
    val controllers = byName(content, "controllers", required = true)
    val discrete = byName(content, "discrete", required = schema.discrete.isNotEmpty())
    requireKnown(controllers.keys, schema.controllers.map { it.name }, "controller")
    requireKnown(discrete.keys, schema.discrete.map { it.name }, "discrete group")
    val values = FloatArray(schema.count)
    schema.controllers.forEachIndexed { i, controller ->
        values[i] = numberOf(entry(controllers, controller.name, schema), controller.name)
    }
    for (part in schema.parts) readChoice(entry(discrete, part.group.name, schema), part, values)
    val locked = content["locked"] ?: emptyList<String>()
    if (locked !is List<*> || !locked.all { it is String }) throw invalid("'locked' must be a list of names")
    return Parameters.of(schema, values, locked.map { it as String })
}

/** Fills in the options of a discrete group: an option's name, or the probabilities of options. */
private fun readChoice(choice: Any?, part: Schema.Part, values: FloatArray) {
    val group = part.group
    val probabilities = when (choice) {
        is String -> mapOf(choice to JsonNumber("1"))
        is Map<*, *> -> choice
        else -> throw invalid("'${group.name}' must be an option's name or the probabilities of options")
    }
    for ((option, probability) in probabilities) {
        val place = group.options.indexOf(option)
        if (place < 0) {
            throw invalid("discrete group '${group.name}' has no option '$option': ${group.options.joinToString(", ")}")
        }
        values[part.range.first + place] = numberOf(probability, "${group.name}=$option")
    }
}

private fun entry(entries: Map<*, *>, name: String, schema: Schema): Any? =
    if (name in entries) entries[name] else throw invalid("'$name' of schema '${schema.name}' is missing")

private fun numberOf(value: Any?, name: String): Float =
    (value as? JsonNumber)?.toFloat() ?: throw invalid("'$name' must be a number, found $value")

private fun byName(content: Map<*, *>, name: String, required: Boolean): Map<*, *> {
    if (name !in content && !required) return emptyMap<String, Any?>()
    if (name !in content) throw invalid("'$name' is missing")
    return content[name] as? Map<*, *> ?: throw invalid("'$name' must map names to values")
}

private fun requireKnown(names: Set<Any?>, known: List<String>, what: String) {
    names.find { it !in known }?.let { throw invalid("no $what named '$it'") }
}

/** Python's order of strings is that of their code points; Java's is that of UTF-16 units. */
private val byCodePoints = Comparator<String> { a, b ->
    val (own, other) = a.codePoints().toArray() to b.codePoints().toArray()
    val apart = own.indices.firstOrNull { it >= other.size || own[it] != other[it] }
    when {
        apart == null -> own.size.compareTo(other.size)
        apart >= other.size -> 1
        else -> own[apart].compareTo(other[apart])
    }
}

private fun choiceJson(parameters: Parameters, part: Schema.Part): String {
    val values = parameters.numbers
    if (part.range.maxOf { values[it] } == 1f && part.range.count { values[it] != 0f } == 1) {
        return Json.quoted(parameters.choice(part.group.name) ?: part.group.standard)
    }
    val options = part.group.options.mapIndexed { i, option ->
        "      ${Json.quoted(option)}: ${Json.decimal(values[part.range.first + i])}"
    }
    return "{\n" + options.joinToString(",\n") + "\n    }"
}

private fun block(open: String, lines: List<String>, close: String): String =
    if (lines.isEmpty()) open + close else open + "\n" + lines.joinToString(",\n") + "\n  " + close
