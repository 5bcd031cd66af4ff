"""Interpret a saved Core ML package without Core ML: operator by operator, with every result rounded as declared.

coremltools' loader reads the package and its weights from the file, so the interpreter computes what was saved rather
than what was in memory at the export. Sums inside an operator are float32; each result is rounded to the type that the
program declares.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from f2p_deploy.artifact.coreml_file import MAIN, WEIGHTS, function_for
from f2p_deploy.system.causes import SAID
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import require
from f2p_deploy.system.quiet import quiet
from f2p_deploy.system.threads import use_torch_threads

if TYPE_CHECKING:
    import torch


class Program:
    """One function of a saved package.

    Args:
        package: the `.mlpackage` folder.
        threads: number of threads; None for PyTorch's own setting, see `use_torch_threads`.
        function: the function's name; ignored for a package with a single function.

    Raises:
        InputError: no ML Program, no such function, a damaged package, or operators that the interpreter lacks.
        MissingDependency: coremltools or PyTorch is missing.
    """

    def __init__(self, package: Path, threads: int | None = None, function: str = MAIN) -> None:
        require("coreml", "computing Core ML packages")
        self.package, self.threads = package, threads
        self.function, self.reversed = _read(package, function)
        self.inputs = tuple(self.function.inputs)
        self.outputs = tuple(output.name for output in self.function.outputs)
        _require_known(package, self.function)

    def compute(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Run the program.

        Args:
            inputs: float32 by the program's names; images as (1, 3, S, S) numbers from 0 to 255.

        Returns:
            float32 by the program's names.

        Raises:
            InputError: an input is missing or has another shape.
        """
        import torch

        use_torch_threads(self.threads)
        values: dict[str, Any] = {}
        for name, declared in self.function.inputs.items():
            if name not in inputs or tuple(inputs[name].shape) != tuple(declared.shape):
                wanted, actual = tuple(declared.shape), tuple(inputs[name].shape) if name in inputs else "nothing"
                raise InputError(f"{self.package.name} takes {name} of the shape {wanted}, found {actual}")
            value = inputs[name][:, ::-1] if name in self.reversed else inputs[name]
            values[name] = torch.from_numpy(np.ascontiguousarray(value, np.float32))
        with torch.inference_mode():
            for operation in self.function.operations:
                if operation.op_type != "const":
                    self._run(operation, values)
        return {name: values[name].float().numpy() for name in self.outputs}

    def operators(self) -> dict[str, int]:
        """Return the number of operators of each type, most frequent first."""
        from collections import Counter

        return dict(Counter(op.op_type for op in self.function.operations if op.op_type != "const").most_common())

    def _run(self, operation: Any, values: dict[str, Any]) -> None:
        from f2p_deploy.runtimes.coreml.mil.operators import OPERATORS

        inputs = {}
        for name, value in operation.inputs.items():
            if isinstance(value, list | tuple):
                inputs[name] = [self._value(one, values) for one in value]
            elif value is not None:
                inputs[name] = self._value(value, values)
        result = OPERATORS[operation.op_type](inputs)
        results = result if isinstance(result, tuple) else (result,)
        for output, result in zip(operation.outputs, results, strict=True):
            values[output.name] = _as_declared(output, result)

    def _value(self, variable: Any, values: dict[str, Any]) -> Any:
        """Return a variable's value: a previous result or a constant."""
        if variable.name in values:
            return values[variable.name]
        if variable.name not in self._constants:
            raise InputError(f"{self.package} is damaged: {variable.name} is read before it is computed")
        return self._constants[variable.name]

    @cached_property
    def _constants(self) -> dict[str, Any]:
        """The constants by name: float tensors as float32, with the rounding of the file; strings unchanged."""
        return {
            operation.outputs[0].name: _constant(operation.outputs[0].val)
            for operation in self.function.operations
            if operation.op_type == "const"
        }


def _read(package: Path, graph: str) -> tuple[Any, frozenset[str]]:
    """Return a function of a package as coremltools loads it, and the names of the images that it takes as BGR."""
    with quiet("coremltools"):
        import coremltools
        from coremltools.converters.mil.frontend.milproto.load import load
    from google.protobuf.message import DecodeError

    if not (package / "Manifest.json").is_file():
        raise InputError(f"{package} is not a Core ML package: it has no Manifest.json")
    try:
        spec = coremltools.models.utils.load_spec(str(package))
    except (DecodeError, OSError, ValueError, RuntimeError, KeyError) as error:
        raise InputError(f"{package} is damaged: its model cannot be read") from error
    if spec.WhichOneof("Type") != "mlProgram":
        raise InputError(f"{package} holds a {spec.WhichOneof('Type')}, not an ML Program")
    function = function_for(spec, graph, package)
    try:
        program = load(spec, spec.specificationVersion, str(package / WEIGHTS))
    except (OSError, ValueError, RuntimeError, KeyError, AttributeError, NotImplementedError) as error:
        raise InputError(
            f"{package} cannot be read: it is damaged, or uses features that coremltools {coremltools.__version__} "
            f"does not support; {SAID}"
        ) from error
    described = next((one for one in spec.description.functions if one.name == function), spec.description)
    kinds = {given.name: given.type.imageType for given in described.input if given.type.HasField("imageType")}
    backwards = frozenset(name for name, kind in kinds.items() if kind.colorSpace == kind.BGR)
    return program.functions[function], backwards


def _require_known(package: Path, function: Any) -> None:
    from f2p_deploy.runtimes.coreml.mil.operators import OPERATORS

    unknown = sorted({op.op_type for op in function.operations} - OPERATORS.keys() - {"const"})
    if unknown:
        raise InputError(f"{package} uses {', '.join(unknown)}, which the reference interpreter does not have")


def _constant(value: Any) -> Any:
    import torch

    if isinstance(value, str | bytes):
        return value if isinstance(value, str) else value.decode()
    array = np.asarray(value)
    if array.dtype.kind in "US":
        return str(array)
    if array.dtype.kind == "f":
        array = array.astype(np.float32)
    return torch.from_numpy(np.array(array))


def _as_declared(output: Any, result: "torch.Tensor") -> "torch.Tensor":
    """Round an operator's result to the type that the program declares for it."""
    from coremltools.converters.mil.mil import types

    kind = types.builtin_to_string(output.dtype)
    if kind == "fp16":
        return result.half().float()
    return result
