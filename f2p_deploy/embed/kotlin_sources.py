"""Generate the Kotlin files of f2pkit that follow from the description of its interface."""

from f2p_deploy.embed.interface import ERRORS, INPUTS, MODES_IN_SWIFT, OPERATIONS, OUTPUTS, Operation
from f2p_deploy.embed.sources import capitals

#: The first line of every generated file.
NOTE = "Written by f2p-deploy embed android from the description of the interface: do not edit."

#: The values of arguments that a caller may leave out, by kind.
_DEFAULTS = {"keep": "null", "fast": "null", "progress": "null"}

#: For calls that wait: the arguments of each kind, and the expression that builds the value from them.
_WAITING = {
    "photo": ("{name}: ByteArray, width: Int, height: Int", "Picture(width, height, {name})"),
    "face": ("{name}: ByteArray", "Picture(maker.imageSize, maker.imageSize, {name})"),
    "mode": ("{name}: Int", "modeOf({name})"),
    "keep": ("{name}: String?", "{name}?.let {{ Parameters.fromJson(it, maker.schema) }}"),
    "fast": ("", "null"),
    "parameters": ("{name}: String", "Parameters.fromJson({name}, maker.schema)"),
    "progress": ("{name}: ProgressListener?", ""),
}

#: For calls that wait: the type of each output, and the expression that gives it out.
_GIVEN = {"aligned": ("AlignedFace", "{call}"), "generation": ("Parameters", "{call}.parameters")}
_GIVEN |= {"picture": ("ByteArray", "{call}.pixels")}


def kotlin_interface() -> str:
    """Return the enumerations and the interface that `CharacterGenerator` implements."""
    lines = [f"// {NOTE}", "package f2p.kit", "", "/**", " * How a character is made.", " *"]
    lines += [" * @property code the number in other languages.", " * @property text the word in files and in Python."]
    lines += [" */", "enum class Mode(val code: Int, val text: String) {"]
    for word in MODES_IN_SWIFT:
        lines += [f"    /** {word.meaning}. */", f'    {capitals(word.name)}({word.code}, "{word.text}"),', ""]
    lines[-1:] = ["}", "", "/**", " * The kind of an error.", " *"]
    lines += [" * @property code the number in other languages.", " */", "enum class F2PErrorKind(val code: Int) {"]
    for word in ERRORS:
        lines += [f"    /** {word.meaning}. */", f"    {capitals(word.name)}({word.code}),", ""]
    lines[-1:] = ["}", "", "/** The functions of a generator. */", "interface CharacterMaker {"]
    lines += ["    /** The schema of its parameters. */", "    val schema: Schema", ""]
    lines += ["    /** Edge of faces and pictures in pixels. */", "    val imageSize: Int"]
    for operation in OPERATIONS:
        lines += ["", *_comment(operation), *_declaration(operation)]
    return "\n".join([*lines, "}", ""])


def kotlin_blocking_generator() -> str:
    """Return the class whose calls wait until they are done, for Java, Unity and JNI."""
    lines = [f"// {NOTE}", "package f2p.kit", "", "import kotlinx.coroutines.CancellationException"]
    lines += ["import kotlinx.coroutines.async", "import kotlinx.coroutines.runBlocking"]
    lines += ["import kotlinx.coroutines.supervisorScope", ""]
    lines += ["/** Told about every step of a search, on the thread that computes. */"]
    lines += ["fun interface ProgressListener {"]
    lines += ["    /** Returns whether the search goes on. */"]
    lines += ["    fun onProgress(done: Int, total: Int, loss: Float): Boolean", "}", "", "/**"]
    lines += [" * Makes characters for Java, Unity and JNI: calls wait until they are done, pictures are RGB bytes,"]
    lines += [" * characters are JSON. Call it from a thread of your own. Errors are `F2PError`s."]
    lines += [" *", " * @param maker what makes the characters.", " */"]
    lines += ["class BlockingGenerator(private val maker: CharacterMaker) : AutoCloseable {"]
    lines += ["    /** Edge of faces and pictures in pixels. */", "    val imageSize: Int get() = maker.imageSize", ""]
    lines += ["    /** The names of all parameters in order: a controller, or `group=option`. */"]
    lines += ["    val parameterNames: Array<String> get() = maker.schema.parameterNames.toTypedArray()"]
    for operation in OPERATIONS:
        lines += ["", f"    /** {operation.meaning}. */", *_waiting(operation)]
    lines += ["", "    /** Waits for the call that computes, and frees the memory of the networks. */"]
    lines += ["    override fun close() {", "        (maker as? AutoCloseable)?.close()", "    }"]
    lines += ["", "    private fun modeOf(code: Int) = Mode.entries.find { it.code == code }"]
    lines += ['        ?: throw invalid("mode must be a code of Mode, found $code")']
    return "\n".join([*lines, "}", ""])


def kotlin_table() -> str:
    """Return the operations as a Markdown table, for the module's README."""
    rows = ["| Kotlin | Java and Unity | what it does |", "|---|---|---|"]
    for operation in OPERATIONS:
        named = ", ".join(argument.name for argument in operation.arguments)
        waiting = ", ".join(_words(operation))
        rows.append(f"| `{operation.name}({named})` | `{operation.name}({waiting})` | {operation.meaning} |")
    return "\n".join(rows)


def _comment(operation: Operation) -> list[str]:
    lines = ["/**", f" * {_kotlin(operation.meaning)}.", " *"]
    lines += [f" * @param {argument.name} {_kotlin(argument.meaning)}." for argument in operation.arguments]
    kinds = ", ".join(f"`{capitals(name)}`" for name in operation.errors if name != "cancelled")
    lines += [f" * @throws F2PError of the kinds {kinds}."]
    if "cancelled" in operation.errors:
        lines += [" * @throws kotlin.coroutines.cancellation.CancellationException soon after its job was cancelled."]
    return [f"    {line}" for line in [*lines, " */"]]


def _declaration(operation: Operation) -> list[str]:
    arguments = []
    for argument in operation.arguments:
        default = f" = {_DEFAULTS[argument.kind]}" if argument.kind in _DEFAULTS else ""
        if argument.kind == "mode" and len(operation.arguments) > 2:
            default = " = Mode.HYBRID"
        arguments.append(f"{argument.name}: {_kotlin(INPUTS[argument.kind].swift)}{default}")
    gives = f": {OUTPUTS[operation.gives].swift}" if operation.gives else ""
    return [f"    suspend fun {operation.name}(", *(f"        {given}," for given in arguments), f"    ){gives}"]


def _waiting(operation: Operation) -> list[str]:
    arguments = [_WAITING[a.kind][0].format(name=a.name) for a in operation.arguments if _WAITING[a.kind][0]]
    passed = [
        f"{a.name} = {_WAITING[a.kind][1].format(name=a.name)}" for a in operation.arguments if a.kind != "progress"
    ]
    type_name, given = _GIVEN.get(operation.gives, ("", "{call}"))
    head = f"    fun {operation.name}({', '.join(arguments)})" + (f": {type_name}" if type_name else "")
    if all(argument.kind != "progress" for argument in operation.arguments):
        call = given.format(call=f"maker.{operation.name}({', '.join(passed)})")
        return [f"{head} =", f"        runBlocking {{ {call} }}"]
    return [
        f"{head} = runBlocking {{",
        "        supervisorScope {",
        "            lateinit var stop: () -> Unit",
        "            val call = async {",
        f"                maker.{operation.name}(",
        *(f"                    {value}," for value in passed),
        "                ) { if (progress?.onProgress(it.done, it.total, it.loss) == false) stop() }",
        "            }",
        "            stop = { call.cancel() }",
        "            try {",
        f"                {given.format(call='call.await()')}",
        "            } catch (_: CancellationException) {",
        '                throw F2PError(F2PErrorKind.CANCELLED, "stopped")',
        "            }",
        "        }",
        "    }",
    ]


def _words(operation: Operation) -> list[str]:
    """Return the names of the arguments of a call that waits."""
    listed = ", ".join(_WAITING[a.kind][0].format(name=a.name) for a in operation.arguments if _WAITING[a.kind][0])
    return [argument.split(":")[0] for argument in listed.split(", ")]


def _kotlin(text: str) -> str:
    """Return a type or a sentence of the description with Kotlin's words."""
    return text.replace("Bool", "Boolean").replace("nil ", "null ")
