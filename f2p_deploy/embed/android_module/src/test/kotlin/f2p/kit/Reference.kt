package f2p.kit

import java.util.Base64

/** What f2p-deploy's Python side computed of a few cases: `reference/reference.json`. */
internal object Reference {
    val contractText: String = text("contract.json")
    val contract: Contract = Contract.parse(contractText)
    val cases: Map<String, Any?> = objectOf(Json.parse(text("reference.json")))

    private fun text(name: String): String {
        val stream = Reference::class.java.getResourceAsStream("/reference/$name") ?: error("no resource reference/$name")
        return stream.use { String(it.readBytes(), Charsets.UTF_8) }
    }
}

@Suppress("UNCHECKED_CAST")
internal fun objectOf(value: Any?) = value as Map<String, Any?>

internal fun Map<String, Any?>.entries(name: String) = objectOf(get(name))
internal fun Map<String, Any?>.each(name: String) = (get(name) as List<*>).map { objectOf(it) }
internal fun Map<String, Any?>.number(name: String) = get(name) as Number
internal fun Map<String, Any?>.floats(name: String) = numbers(get(name)).map { it.toFloat() }.toFloatArray()
internal fun Map<String, Any?>.names(name: String) = (get(name) as List<*>).map { it as String }
internal fun Map<String, Any?>.bytes(name: String): ByteArray = Base64.getDecoder().decode(get(name) as String)
internal fun numbers(value: Any?) = (value as List<*>).map { it as Number }
internal fun points(value: Any?) = (value as List<*>).map { pair ->
    val (x, y) = numbers(pair).map { it.toDouble() }
    Point(x, y)
}
