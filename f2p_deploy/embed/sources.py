"""Generate the files of F2PKit that follow from the description of its interface: Swift, C and C#."""

from f2p_deploy.embed.interface import (
    C_TYPES,
    ENTRIES,
    ERRORS,
    INPUTS,
    MESSAGE,
    MODES_IN_SWIFT,
    OPERATIONS,
    OUTPUTS,
    UNITS,
    CArgument,
    Entry,
    EnumCase,
    Operation,
    c_arguments,
    c_name,
)

#: The first line of every generated file.
NOTE = "Written by f2p-deploy embed ios from the description of the interface: do not edit."


def swift_interface() -> str:
    """Return the Swift enumerations and the protocol that `CharacterGenerator` implements."""
    lines = [f"// {NOTE}", "", "/// How a character is made."]
    lines += ["public enum Mode: String, CaseIterable, Codable, Sendable {"]
    for word in MODES_IN_SWIFT:
        lines += [f"    /// {word.meaning}.", f'    case {word.name} = "{word.text}"']
    lines += ["", "    /// Creates a mode from its number in C; nil if there is none."]
    lines += ["    public init?(code: Int32) {", "        switch code {"]
    lines += [f"        case {word.code}: self = .{word.name}" for word in MODES_IN_SWIFT]
    lines += ["        default: return nil", "        }", "    }", "}", ""]
    lines += ["/// The kind of an error; the numbers are the statuses of the C functions."]
    lines += ["public enum F2PErrorKind: Int32, CaseIterable, Sendable {"]
    for word in ERRORS:
        lines += [f"    /// {word.meaning}.", f"    case {word.name} = {word.code}"]
    lines += ["}", "", "/// The functions of a generator. They are also in f2pkit.h, for other languages."]
    lines += ["public protocol CharacterMaker: Sendable {"]
    lines += ["    /// The schema of its parameters.", "    var schema: Schema { get }", ""]
    lines += ["    /// Edge of faces and pictures in pixels.", "    var imageSize: Int { get }"]
    for operation in OPERATIONS:
        lines += ["", *_swift_comment(operation, "    "), f"    func {_swift_signature(operation)}"]
    return "\n".join([*lines, "}", ""])


def swift_entry_points() -> str:
    """Return the Swift code of the C functions, which call those of the protocol."""
    lines = [f"// {NOTE}", "", "#if canImport(CoreML) && canImport(Vision)"]
    lines += ["    import F2PCore", "    import F2PKitC", "    import Foundation", ""]
    lines += ["    let f2pOK: Int32 = 0"]
    for entry in ENTRIES:
        lines += ["", *(f"    {line}" if line else "" for line in _swift_entry(entry))]
    for operation in OPERATIONS:
        lines += ["", *(f"    {line}" if line else "" for line in _swift_call(operation))]
    return "\n".join([*lines, "#endif", ""])


def c_header() -> str:
    """Return the C header, `f2pkit.h`."""
    lines = [f"/* {NOTE}", ""]
    lines += ["   A function blocks until it is done: call it from a background thread, neither from the main thread"]
    lines += ["   nor from a Swift task. Threads may share a generator. Texts that a call returns are UTF-8; the"]
    lines += ["   caller frees them with f2p_free. */", ""]
    lines += ["#ifndef F2PKIT_H", "#define F2PKIT_H", "", "#include <stdint.h>"]
    lines += ["", "#ifdef __cplusplus", 'extern "C" {', "#endif", ""]
    ok = EnumCase("ok", 0, "The call succeeded")
    for name, comment, words in (
        ("F2PStatus", "The result of a call.", (ok, *ERRORS)),
        ("F2PMode", "How a character is made.", MODES_IN_SWIFT),
        ("F2PUnits", "The processors that Core ML may use.", UNITS),
    ):
        lines += [f"/* {comment} */", f"enum {name} {{"]
        prefix = {"F2PStatus": "F2P", "F2PMode": "F2P_MODE", "F2PUnits": "F2P_UNITS"}[name]
        lines += [f"    {prefix}_{capitals(word.name)} = {word.code}, /* {word.meaning}. */" for word in words]
        lines += ["};", ""]
    lines += ["typedef struct F2PGenerator F2PGenerator;", ""]
    lines += ["/* Called with the steps done, the steps in total, and the loss before the last step. Returning a value"]
    lines += ["   other than 0 stops the search. */"]
    lines += ["typedef int32_t (*F2PProgress)(void *context, int32_t done, int32_t total, float loss);"]
    for entry in ENTRIES:
        arguments = (*entry.arguments, MESSAGE) if entry.reports else entry.arguments
        lines += ["", *_c_comment(entry.meaning, arguments, "F2PStatus" if entry.reports else "")]
        lines += [f"{entry.gives} {entry.name}({_c_list(arguments)});"]
    for operation in OPERATIONS:
        arguments = c_arguments(operation)
        lines += ["", *_c_comment(operation.meaning, arguments, "F2PStatus")]
        lines += [f"int32_t {c_name(operation)}({_c_list(arguments)});"]
    return "\n".join([*lines, "", "#ifdef __cplusplus", "}", "#endif", "", "#endif", ""])


def c_sharp() -> str:
    """Return `F2PKit.cs`, which imports the C functions in Unity and .NET."""
    lines = [f"// {NOTE}", "", "using System;", "using System.Runtime.InteropServices;", ""]
    lines += ["/// The C functions of F2PKit; f2pkit.h documents their arguments and results."]
    lines += ["public static class F2PKit", "{", '    const string Library = "__Internal";', ""]
    lines += ["    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]"]
    lines += ["    public delegate int Progress(IntPtr context, int done, int total, float loss);", ""]
    for name, words in (("Status", (EnumCase("ok", 0, ""), *ERRORS)), ("Mode", MODES_IN_SWIFT), ("Units", UNITS)):
        listed = ", ".join(f"{word.name[0].upper()}{word.name[1:]} = {word.code}" for word in words)
        lines += [f"    public enum {name} {{ {listed} }}"]
    for entry in ENTRIES:
        arguments = (*entry.arguments, MESSAGE) if entry.reports else entry.arguments
        lines += _c_sharp_import(entry.name, {"void": "void", "int32_t": "int"}[entry.gives], arguments)
    for operation in OPERATIONS:
        lines += _c_sharp_import(c_name(operation), "int", c_arguments(operation))
    lines += ["", "    /// Returns a text that a call returned, and frees it; null if there is none."]
    lines += ["    public static string Take(IntPtr text)", "    {"]
    lines += ["        string taken = Marshal.PtrToStringUTF8(text);", "        f2p_free(text);"]
    lines += ["        return taken;"]
    return "\n".join([*lines, "    }", "}", ""])


def interface_table() -> str:
    """Return the operations as a Markdown table, for the package's README."""
    rows = ["| Swift | C | what it does |", "|---|---|---|"]
    for operation in OPERATIONS:
        named = "".join(f"{argument.name}:" for argument in operation.arguments)
        rows.append(f"| `{operation.name}({named})` | `{c_name(operation)}` | {operation.meaning} |")
    return "\n".join(rows)


def _swift_comment(operation: Operation, indent: str) -> list[str]:
    parts = [f"/// {operation.meaning}.", "///"]
    if len(operation.arguments) == 1:
        parts += [f"/// - Parameter {a.name}: {a.meaning}." for a in operation.arguments]
    else:
        parts += ["/// - Parameters:", *(f"///   - {a.name}: {a.meaning}." for a in operation.arguments)]
    kinds = ", ".join(f"`{name}`" for name in operation.errors if name != "cancelled")
    parts += [f"/// - Throws: `F2PError` of the kinds {kinds}."]
    if "cancelled" in operation.errors:
        parts += ["///   `CancellationError` soon after its task was cancelled."]
    return [indent + part for part in parts]


def _swift_signature(operation: Operation) -> str:
    arguments = ", ".join(f"{a.name}: {INPUTS[a.kind].swift}" for a in operation.arguments)
    gives = f" -> {OUTPUTS[operation.gives].swift}" if operation.gives else ""
    return f"{operation.name}({arguments}) async throws{gives}"


def _swift_list(arguments: tuple[CArgument, ...]) -> str:
    return ", ".join(f"_ {argument.name}: {C_TYPES[argument.type][0]}" for argument in arguments)


def _swift_entry(entry: Entry) -> list[str]:
    name = "".join(part.capitalize() for part in entry.name.split("_")[1:])
    head = [f'@_cdecl("{entry.name}")']
    if not entry.reports:
        gives = " -> Int32" if entry.gives == "int32_t" else ""
        return [*head, f"func entry{name}({_swift_list(entry.arguments)}){gives} {{", f"    {entry.body}", "}"]
    *inputs, out = entry.arguments
    return [
        *head,
        f"func entry{name}({_swift_list((*inputs, out, MESSAGE))}) -> Int32 {{",
        f"    Calls.run(message, now: {{ {entry.body} }}, done: {{ {out.name}?.pointee = $0 }})",
        "}",
    ]


def _swift_call(operation: Operation) -> list[str]:
    name = operation.name[0].upper() + operation.name[1:]
    lines = [f'@_cdecl("{c_name(operation)}")', f"func entry{name}({_swift_list(c_arguments(operation))}) -> Int32 {{"]
    lines += ["    Calls.run(message) {", "        let maker = try Calls.generator(generator)"]
    passed = ", ".join(f"{a.name}: {a.name}" for a in operation.arguments)
    for argument in operation.arguments:
        value = INPUTS[argument.kind].convert.format(name=argument.name)
        lines += [f"        let {argument.name} = {value}"]
    call = f"try await maker.{operation.name}({passed})"
    if any(argument.kind == "progress" for argument in operation.arguments):
        lines += [f"        return {{ try await progress.stopping {{ progress in {call} }} }}"]
    else:
        lines += [f"        return {{ {call} }}"]
    if not operation.gives:
        return [*lines, "    } done: { _ in }", "}"]
    outputs = [f"        {line}" for line in OUTPUTS[operation.gives].convert.splitlines()]
    return [*lines, "    } done: { result in", *outputs, "    }", "}"]


def _c_list(arguments: tuple[CArgument, ...]) -> str:
    return ", ".join(f"{argument.type}{argument.name}" for argument in arguments)


def _c_comment(meaning: str, arguments: tuple[CArgument, ...], gives: str) -> list[str]:
    head = f"/* {meaning}.{f' Returns one of {gives}.' if gives else ''}"
    lines = [f"   {argument.name}: {argument.meaning}." for argument in arguments]
    return [head, *lines[:-1], f"{lines[-1]} */"]


def capitals(name: str) -> str:
    """Return a name in the style of C constants: `NO_FACE` for `noFace`, `CPU_AND_GPU` for `cpuAndGPU`."""
    split = ""
    for before, letter in zip(f" {name}", name, strict=False):
        split += f"_{letter}" if letter.isupper() and before.islower() else letter
    return split.upper()


def _c_sharp_import(name: str, gives: str, arguments: tuple[CArgument, ...]) -> list[str]:
    listed = ", ".join(f"{C_TYPES[argument.type][1]} {argument.name}" for argument in arguments)
    return ["", "    [DllImport(Library)]", f"    public static extern {gives} {name}({listed});"]
