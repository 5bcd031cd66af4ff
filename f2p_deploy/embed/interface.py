"""The one description of F2PKit's interface: Swift protocol, C header, C entry points and C# imports come from it."""

from dataclasses import dataclass
from typing import Literal

from f2p_deploy.model.result import MODES


@dataclass(frozen=True)
class EnumCase:
    """One word of an enumeration.

    Args:
        name: in Swift, lowerCamelCase.
        code: its number in C.
        meaning: as a sentence without its full stop.
        text: what files and the Python side call it; empty where they have no word for it.
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
        name: its name.
        meaning: what it is, in which unit and layout, and whose it is.
    """

    type: str
    name: str
    meaning: str


@dataclass(frozen=True)
class Kind:
    """A kind of value that goes in or out: one argument in Swift, some in C.

    Args:
        swift: its type in Swift.
        c: the C arguments that it stands for, `{name}` being the argument's name.
        convert: the Swift expression that makes the value of the C arguments, or gives the value `found` out to them.
    """

    swift: str
    c: tuple[CArgument, ...]
    convert: str


@dataclass(frozen=True)
class Argument:
    """One argument of an operation: a key of `INPUTS`, a name, what it is for."""

    kind: str
    name: str
    meaning: str


@dataclass(frozen=True)
class Operation:
    """Something that a generator does, in Swift and in C.

    Args:
        name: in Swift; in C it is `f2p_` and the name with underscores.
        meaning: one sentence.
        arguments: what goes in.
        gives: a key of `OUTPUTS`, or empty.
        errors: names of `ERRORS` that it may end with.
    """

    name: str
    meaning: str
    arguments: tuple[Argument, ...]
    gives: str
    errors: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """A C function beside the operations: what Swift has constructors and properties for.

    Args:
        name: in C.
        meaning: one sentence.
        arguments: in order.
        gives: its C type, `void` or `int32_t`.
        body: the Swift expression that answers it.
        reports: whether it gives an `F2PStatus` and a message.
    """

    name: str
    meaning: str
    arguments: tuple[CArgument, ...]
    gives: Literal["void", "int32_t"]
    body: str
    reports: bool = False


#: How the types of C arguments are written in Swift and in C#.
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
    "hybrid": "One pass, then a short search from there: the nearest to the photo",
}

MODES_IN_SWIFT = tuple(
    EnumCase({"one-shot": "oneShot"}.get(mode, mode), code, _MODE_MEANINGS[mode], mode)
    for code, mode in enumerate(MODES)
)

#: Statuses; those that the command line has too have its exit codes.
ERRORS = (
    EnumCase("invalidInput", 2, "The caller gave something wrong: a size, a number, a name"),
    EnumCase("missing", 3, "The package, or the system, lacks what is needed"),
    EnumCase("modelFailed", 4, "Core ML or Vision could not compile, load or compute"),
    EnumCase("cancelled", 5, "The caller stopped it"),
    EnumCase("noFace", 10, "The photo has no face"),
    EnumCase("tooSmall", 11, "The face is too small"),
    EnumCase("turned", 12, "The head is turned too far"),
)

#: The numbers are those of MLComputeUnits.
UNITS = (
    EnumCase("cpuOnly", 0, "The processor"),
    EnumCase("cpuAndGPU", 1, "The processor and the graphics processor"),
    EnumCase("all", 2, "Whatever Core ML thinks is best"),
    EnumCase("cpuAndNeuralEngine", 3, "The processor and the Neural Engine"),
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
    "parameters": Kind(
        "Parameters",
        (CArgument("const char *", "{name}", "parameters as JSON"),),
        "try Calls.parameters(Calls.string({name}), maker.schema)",
    ),
    "progress": Kind(
        "ProgressHandler?",
        (
            CArgument("F2PProgress ", "{name}", "called after every step on another thread, or NULL"),
            CArgument("void *", "context", "given to that callback"),
        ),
        "ProgressCall(call: {name}, context: context)",
    ),
}

OUTPUTS: dict[str, Kind] = {
    "aligned": Kind(
        "AlignedFace",
        (
            CArgument("uint8_t *", "face", "room for 3 * S * S bytes, S being f2p_image_size: the aligned face, RGB"),
            CArgument("char **", "warnings", "sentences, one a line, about what may spoil the character; or NULL"),
        ),
        'try Calls.give(found.picture, to: face)\nCalls.give(found.warnings.joined(separator: "\\n"), to: warnings)',
    ),
    "generation": Kind(
        "Generation",
        (
            CArgument("char **", "json", "the character as parameters.json; or NULL"),
            CArgument("float *", "values", "room for f2p_parameter_count floats, in the schema's order; or NULL"),
        ),
        "Calls.give(found.parameters.json, to: json)\nCalls.give(found.parameters.values, to: values)",
    ),
    "picture": Kind(
        "Picture",
        (CArgument("uint8_t *", "picture", "room for 3 * S * S bytes, S being f2p_image_size: RGB"),),
        "try Calls.give(found, to: picture)",
    ),
}

OPERATIONS = (
    Operation(
        "warmUp",
        "Compiles and loads what a mode needs, and computes once: best behind a loading screen",
        (Argument("mode", "mode", "the mode that will be asked for"),),
        "",
        ("missing", "modelFailed"),
    ),
    Operation(
        "align",
        "Finds the largest face of a photo and warps it onto the average face",
        (Argument("photo", "photo", "upright"),),
        "aligned",
        ("invalidInput", "noFace", "tooSmall", "turned", "modelFailed"),
    ),
    Operation(
        "generate",
        "Makes a character from an aligned face",
        (
            Argument("face", "face", "what `align` gave"),
            Argument("mode", "mode", "how"),
            Argument("keep", "keep", "a character whose locked controllers and discrete groups are kept"),
            Argument("progress", "progress", "told after every step of a search"),
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

MESSAGE = CArgument("char **", "message", "a sentence about what went wrong, to be freed by f2p_free; or NULL")
_GENERATOR = CArgument("F2PGenerator *", "generator", "what f2p_open gave")

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
    Entry("f2p_close", "Lets a generator go; NULL is nothing", (_GENERATOR,), "void", "Calls.close(generator)"),
    Entry(
        "f2p_free",
        "Frees a text that a call gave; NULL is nothing",
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
        "Gives every parameter's name, one a line in their order: a controller's, or `group=option`; -1 if it cannot",
        (_GENERATOR, CArgument("char **", "names", "the text, to be freed by f2p_free")),
        "int32_t",
        "Calls.names(generator, to: names)",
    ),
)


def c_name(operation: Operation) -> str:
    """Return what an operation is called in C."""
    return "f2p_" + "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation.name)


def c_arguments(operation: Operation) -> tuple[CArgument, ...]:
    """Return the arguments that an operation's C function takes: the generator, what goes in, what comes out."""
    inside = [
        CArgument(c.type, c.name.format(name=argument.name), _joined(argument.meaning, c.meaning, first=i == 0))
        for argument in operation.arguments
        for i, c in enumerate(INPUTS[argument.kind].c)
    ]
    outside = OUTPUTS[operation.gives].c if operation.gives else ()
    return (_GENERATOR, *inside, *outside, MESSAGE)


def _joined(meaning: str, layout: str, *, first: bool) -> str:
    return f"{meaning}: {layout}" if first else layout
