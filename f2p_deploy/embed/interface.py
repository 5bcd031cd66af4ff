"""The description of F2PKit's interface, from which its Swift, C, C# and Kotlin are generated."""

from dataclasses import dataclass
from typing import Literal

from f2p_deploy.model.result import MODES


@dataclass(frozen=True)
class EnumCase:
    """One case of an enumeration.

    Args:
        name: the name in Swift, lowerCamelCase.
        code: the number in C.
        meaning: a sentence without a full stop.
        text: the word in files and in Python; empty if they have none.
    """

    name: str
    code: int
    meaning: str
    text: str = ""


@dataclass(frozen=True)
class CArgument:
    """One argument of a C function.

    Args:
        type: a key of `C_TYPES`.
        name: the argument's name.
        meaning: content, unit, layout and ownership.
    """

    type: str
    name: str
    meaning: str


@dataclass(frozen=True)
class Kind:
    """A kind of input or output: one value in Swift, one or more arguments in C.

    Args:
        swift: the type in Swift.
        c: the arguments in C; `{name}` is replaced by the argument's name.
        convert: the Swift expression that builds an input from the C arguments, or copies the output `result` to them.
    """

    swift: str
    c: tuple[CArgument, ...]
    convert: str


@dataclass(frozen=True)
class Argument:
    """One argument of an operation: a key of `INPUTS`, a name, and its meaning."""

    kind: str
    name: str
    meaning: str


@dataclass(frozen=True)
class Operation:
    """A function of a generator, in Swift and in C.

    Args:
        name: the name in Swift; in C it is `f2p_` and the name with underscores.
        meaning: one sentence.
        arguments: the inputs.
        gives: the output, a key of `OUTPUTS`, or empty.
        errors: names of the `ERRORS` that it may return.
    """

    name: str
    meaning: str
    arguments: tuple[Argument, ...]
    gives: str
    errors: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """A C function that is not an operation; Swift has a constructor or a property instead.

    Args:
        name: the name in C.
        meaning: one sentence.
        arguments: the arguments in order.
        gives: the C type of the result, `void` or `int32_t`.
        body: the Swift expression that computes the result.
        reports: True if it returns an `F2PStatus` and a message.
    """

    name: str
    meaning: str
    arguments: tuple[CArgument, ...]
    gives: Literal["void", "int32_t"]
    body: str
    reports: bool = False


#: The types of C arguments, with their types in Swift and in C#.
C_TYPES: dict[str, tuple[str, str]] = {
    "F2PGenerator *": ("OpaquePointer?", "IntPtr"),
    "F2PGenerator **": ("UnsafeMutablePointer<OpaquePointer?>?", "out IntPtr"),
    "const char *": ("UnsafePointer<CChar>?", "[MarshalAs(UnmanagedType.LPUTF8Str)] string"),
    "char **": ("UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?", "out IntPtr"),
    "int32_t ": ("Int32", "int"),
    "const uint8_t *": ("UnsafePointer<UInt8>?", "byte[]"),
    "uint8_t *": ("UnsafeMutablePointer<UInt8>?", "byte[]"),
    "float *": ("UnsafeMutablePointer<Float>?", "float[]"),
    "F2PProgress ": ("F2PProgress?", "Progress"),
    "void *": ("UnsafeMutableRawPointer?", "IntPtr"),
}

_MODE_MEANINGS = {
    "one-shot": "One pass: the fastest, and the most robust to turned heads",
    "iterative": "A search by gradient steps from the average face",
    "hybrid": "One pass, then a short search from its result: the most similar to the photo",
}

MODES_IN_SWIFT = tuple(
    EnumCase({"one-shot": "oneShot"}.get(mode, mode), code, _MODE_MEANINGS[mode], mode)
    for code, mode in enumerate(MODES)
)

#: Statuses; those that the command line also has are equal to its exit codes.
ERRORS = (
    EnumCase("invalidInput", 2, "An argument is wrong: a size, a number, a name"),
    EnumCase("missing", 3, "A file of the package, or a function of the system, is missing"),
    EnumCase("modelFailed", 4, "The system could not compile, load or compute a model, or computes it wrongly"),
    EnumCase("cancelled", 5, "The caller stopped the call"),
    EnumCase("noFace", 10, "The photo has no face"),
    EnumCase("tooSmall", 11, "The face is too small"),
    EnumCase("turned", 12, "The head is turned too far"),
)

#: The numbers are those of MLComputeUnits.
UNITS = (
    EnumCase("cpuOnly", 0, "The CPU"),
    EnumCase("cpuAndGPU", 1, "The CPU and the GPU"),
    EnumCase("all", 2, "Core ML's choice among all processors"),
    EnumCase("cpuAndNeuralEngine", 3, "The CPU and the Neural Engine"),
)

INPUTS: dict[str, Kind] = {
    "photo": Kind(
        "Picture",
        (
            CArgument("const uint8_t *", "{name}", "3 * width * height bytes, RGB, rows from the top"),
            CArgument("int32_t ", "width", "pixels in a row"),
            CArgument("int32_t ", "height", "number of rows"),
        ),
        "try Calls.picture({name}, Int(width), Int(height))",
    ),
    "face": Kind(
        "Picture",
        (CArgument("const uint8_t *", "{name}", "3 * S * S bytes, RGB, S being f2p_image_size: an aligned face"),),
        "try Calls.picture({name}, maker.imageSize, maker.imageSize)",
    ),
    "mode": Kind("Mode", (CArgument("int32_t ", "{name}", "one of F2PMode"),), "try Calls.mode({name})"),
    "keep": Kind(
        "Parameters?",
        (CArgument("const char *", "{name}", "parameters as JSON, or NULL"),),
        "try Calls.string({name}).map {{ try Parameters(json: $0, schema: maker.schema) }}",
    ),
    # Only in Swift: the signatures of C stay as they are, and calls from there follow the contract.
    "fast": Kind("Bool?", (), "Bool?.none"),
    "parameters": Kind(
        "Parameters",
        (CArgument("const char *", "{name}", "parameters as JSON"),),
        "try Calls.parameters(Calls.string({name}), maker.schema)",
    ),
    "progress": Kind(
        "ProgressHandler?",
        (
            CArgument("F2PProgress ", "{name}", "called after every step on another thread, or NULL"),
            CArgument("void *", "context", "passed to that callback"),
        ),
        "ProgressCall(call: {name}, context: context)",
    ),
}

OUTPUTS: dict[str, Kind] = {
    "aligned": Kind(
        "AlignedFace",
        (
            CArgument("uint8_t *", "face", "room for 3 * S * S bytes, S being f2p_image_size: the aligned face, RGB"),
            CArgument("char **", "warnings", "one sentence per line about problems that may spoil it; or NULL"),
        ),
        'try Calls.give(result.picture, to: face)\nCalls.give(result.warnings.joined(separator: "\\n"), to: warnings)',
    ),
    "generation": Kind(
        "Generation",
        (
            CArgument("char **", "json", "the character as parameters.json; or NULL"),
            CArgument("float *", "values", "room for f2p_parameter_count floats, in the schema's order; or NULL"),
        ),
        "Calls.give(result.parameters.json, to: json)\nCalls.give(result.parameters.values, to: values)",
    ),
    "picture": Kind(
        "Picture",
        (CArgument("uint8_t *", "picture", "room for 3 * S * S bytes, S being f2p_image_size: RGB"),),
        "try Calls.give(result, to: picture)",
    ),
}

_FAST = Argument("fast", "fast", "whether searches go through the shortcut; nil for the contract's choice")

OPERATIONS = (
    Operation(
        "warmUp",
        "Compiles and loads the models of a mode, and runs each once: best behind a loading screen",
        (Argument("mode", "mode", "the mode that will be used"), _FAST),
        "",
        ("invalidInput", "missing", "modelFailed"),
    ),
    Operation(
        "align",
        "Finds the largest face of a photo and aligns it with the average face",
        (Argument("photo", "photo", "upright"),),
        "aligned",
        ("invalidInput", "noFace", "tooSmall", "turned", "modelFailed"),
    ),
    Operation(
        "generate",
        "Makes a character from an aligned face",
        (
            Argument("face", "face", "the face that `align` returned"),
            Argument("mode", "mode", "the mode"),
            Argument("keep", "keep", "a character whose locked controllers and discrete groups are kept"),
            _FAST,
            Argument("progress", "progress", "called after every step of a search"),
        ),
        "generation",
        ("invalidInput", "missing", "modelFailed", "cancelled"),
    ),
    Operation(
        "render",
        "Draws a character with the imitator",
        (Argument("parameters", "parameters", "the character"),),
        "picture",
        ("invalidInput", "missing", "modelFailed"),
    ),
)

MESSAGE = CArgument("char **", "message", "the error message, to be freed by f2p_free; or NULL")
_GENERATOR = CArgument("F2PGenerator *", "generator", "the generator that f2p_open returned")

ENTRIES = (
    Entry(
        "f2p_open",
        "Makes a generator; nothing is compiled or loaded yet",
        (
            CArgument("const char *", "folder", "a folder with contract.json and models; NULL for the package's own"),
            CArgument("int32_t ", "units", "one of F2PUnits"),
            CArgument("F2PGenerator **", "generator", "the generator, to be closed by f2p_close"),
        ),
        "int32_t",
        "try Calls.open(Calls.string(folder), units)",
        reports=True,
    ),
    Entry("f2p_close", "Closes a generator; ignores NULL", (_GENERATOR,), "void", "Calls.close(generator)"),
    Entry(
        "f2p_free",
        "Frees a text that a call returned; ignores NULL",
        (CArgument("void *", "text", "the text"),),
        "void",
        "free(text)",
    ),
    Entry(
        "f2p_image_size",
        "Returns the edge S of faces and pictures in pixels; 0 without a generator",
        (_GENERATOR,),
        "int32_t",
        "Int32((try? Calls.generator(generator).imageSize) ?? 0)",
    ),
    Entry(
        "f2p_parameter_count",
        "Returns the number of parameters; 0 without a generator",
        (_GENERATOR,),
        "int32_t",
        "Int32((try? Calls.generator(generator).schema.count) ?? 0)",
    ),
    Entry(
        "f2p_parameter_names",
        "Returns the names of all parameters in order, one per line: a controller, or `group=option`; -1 on an error",
        (_GENERATOR, CArgument("char **", "names", "the text, to be freed by f2p_free")),
        "int32_t",
        "Calls.names(generator, to: names)",
    ),
)


def c_name(operation: Operation) -> str:
    """Return the name of an operation in C."""
    return "f2p_" + "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation.name)


def c_arguments(operation: Operation) -> tuple[CArgument, ...]:
    """Return the arguments of an operation's C function: generator, inputs, outputs and error message."""
    inside = [
        CArgument(c.type, c.name.format(name=argument.name), _joined(argument.meaning, c.meaning, first=i == 0))
        for argument in operation.arguments
        for i, c in enumerate(INPUTS[argument.kind].c)
    ]
    outside = OUTPUTS[operation.gives].c if operation.gives else ()
    return (_GENERATOR, *inside, *outside, MESSAGE)


def _joined(meaning: str, layout: str, *, first: bool) -> str:
    return f"{meaning}: {layout}" if first else layout
