"""A graph of ONNX that grows node by node, in which values go by their names."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from penchant.errors import ParameterError, require

OPSET, IR_VERSION = 18, 8  # the first in which ScatterElements takes a maximum, of December 2022
MOST_BYTES = 2_000_000_000
"""What the constants of a graph may take: no file of protocol buffers is longer than 2^31 bytes."""

DType = Literal["float", "int64", "bool"]


class Graph:
    """Nodes, constants and inputs of a graph of ONNX.

    Args:
        parent: the graph in which this one is the body of a loop. It sees all values of the parent,
            and has its constants there.
    """

    def __init__(self, parent: Graph | None = None) -> None:
        self._onnx: Any = require("onnx", "onnx")
        self._numbers: itertools.count[int] = parent._numbers if parent else itertools.count()
        self._constants: dict[str, Any] = parent._constants if parent else {}
        self._nodes: list[Any] = []
        self._inputs: list[Any] = []
        self._bytes: list[int] = parent._bytes if parent else [0]

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """The only output of a new node."""
        return self.ops(kind, inputs, 1, **attributes)[0]

    def ops(
        self, kind: str, inputs: Sequence[str], n_outputs: int, **attributes: Any
    ) -> tuple[str, ...]:
        """The outputs of a new node."""
        names = tuple(self.new(kind) for _ in range(n_outputs))
        self._nodes.append(self._onnx.helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def new(self, what: str) -> str:
        """A name that no value has yet."""
        return f"{what.lower()}_{next(self._numbers)}"

    def constant(self, value: npt.ArrayLike, dtype: npt.DTypeLike | None = None) -> str:
        """A constant.

        Raises:
            ParameterError: the constants of the graph together are more than a file can hold.
        """
        array: npt.NDArray[Any] = np.asarray(value, dtype, order="C")
        self.require_room(array.nbytes)
        self._bytes[0] += array.nbytes
        name = self.new("constant")
        self._constants[name] = self._onnx.numpy_helper.from_array(array, name)
        return name

    def require_room(self, n_bytes: int) -> None:
        """Refuse a constant that is too large.

        Raises:
            ParameterError: with it the constants are more than a file can hold.
        """
        if self._bytes[0] + n_bytes > MOST_BYTES:
            raise ParameterError(
                f"The model's arrays take {(self._bytes[0] + n_bytes) / 1e9:.1f} GB, and a file of "
                f"ONNX holds {MOST_BYTES / 1e9:g} GB at most (a dense matrix of items × items "
                "takes 4 bytes × items², so that 22,000 items fit): export a model with fewer "
                "weights, such as sparse-ease, slim, item-knn or ials."
            )

    def floats(self, value: npt.ArrayLike) -> str:
        """A constant in single precision."""
        return self.constant(value, np.float32)

    def integers(self, value: npt.ArrayLike) -> str:
        """A constant of int64."""
        return self.constant(value, np.int64)

    def input(
        self,
        name: str,
        dtype: DType,
        shape: Sequence[int | str],
        default: npt.ArrayLike | None = None,
    ) -> str:
        """An input, which may be left out where there is a default."""
        self._inputs.append(self._value(name, dtype, shape))
        if default is not None:
            numpy_type = {"float": np.float32, "int64": np.int64, "bool": np.bool_}[dtype]
            array: npt.NDArray[Any] = np.asarray(default, numpy_type)
            self._constants[name] = self._onnx.numpy_helper.from_array(array, name)
        return name

    def _value(self, name: str, dtype: DType, shape: Sequence[int | str] | None) -> Any:
        kinds = self._onnx.TensorProto
        kind = {"float": kinds.FLOAT, "int64": kinds.INT64, "bool": kinds.BOOL}[dtype]
        return self._onnx.helper.make_tensor_value_info(name, kind, shape)

    # Often used

    def linear(self, x: str, weight: npt.ArrayLike, bias: npt.ArrayLike | None = None) -> str:
        """X W' + b, with the weights of a linear layer of torch, float32[n_outputs, n_inputs]."""
        found = self.op("MatMul", x, self.floats(np.asarray(weight).T))
        return found if bias is None else self.op("Add", found, self.floats(bias))

    def sum(self, x: str, axis: int) -> str:
        """Sums over an axis, which is kept with a length of 1."""
        return self.op("ReduceSum", x, self.integers([axis]), keepdims=1)

    def cast(self, x: str, dtype: DType) -> str:
        """The same values in another type."""
        kinds = self._onnx.TensorProto
        to = {"float": kinds.FLOAT, "int64": kinds.INT64, "bool": kinds.BOOL}[dtype]
        return self.op("Cast", x, to=to)

    def zeros(self, shape: str, dtype: DType = "float") -> str:
        """Zeros of a shape that a value of the graph says."""
        numpy_type = np.float32 if dtype == "float" else np.int64
        value = self._onnx.numpy_helper.from_array(np.zeros(1, numpy_type))
        return self.op("ConstantOfShape", shape, value=value)

    def columns(self, x: str, start: int, stop: int) -> str:
        """Some columns of a matrix."""
        parts = (self.integers([n]) for n in (start, stop, 1))
        return self.op("Slice", x, *parts)

    def loop(
        self,
        body: Graph,
        most: int,
        state: Mapping[str, str],
        after: Sequence[str],
        goes_on: str,
    ) -> tuple[str, ...]:
        """The state after a loop.

        Args:
            body: has computed `after` and `goes_on` of the names in `state`.
            most: rounds.
            state: the name of each part of the state in the body, and its value before the loop;
                float32 of any shape.
            after: the parts of the state after a round.
            goes_on: bool, whether there is another round.
        """
        helper = self._onnx.helper
        round_, before = self.new("round"), self.new("before")
        inputs = [self._value(round_, "int64", []), self._value(before, "bool", [])]
        inputs += [self._value(name, "float", None) for name in state]
        outputs = [self._value(goes_on, "bool", [])]
        outputs += [self._value(name, "float", None) for name in after]
        graph = helper.make_graph(body._nodes, self.new("body"), inputs, outputs)
        first = [self.integers(most), self.constant(np.bool_(True)), *state.values()]
        return self.ops("Loop", first, len(after), body=graph)

    def model(
        self,
        outputs: Mapping[str, tuple[str, DType, Sequence[int | str]]],
        name: str,
        metadata: Mapping[str, str],
    ) -> Any:
        """The whole as a ModelProto.

        Args:
            outputs: for each the value, its type and its shape.
            name: of the graph.
            metadata: what the model says of itself.
        """
        helper = self._onnx.helper
        infos = []
        for output, (value, dtype, shape) in outputs.items():
            self._nodes.append(helper.make_node("Identity", [value], [output]))
            infos.append(self._value(output, dtype, shape))
        graph = helper.make_graph(
            self._nodes,
            name,
            self._inputs,
            infos,
            list(self._constants.values()),
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="penchant",
            producer_version=metadata.get("penchant", ""),
        )
        helper.set_model_props(model, dict(metadata))
        return model
