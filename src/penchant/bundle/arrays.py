"""All arrays of a bundle in one safetensors file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from penchant.atomic_write import set_default_permissions
from penchant.bundle.damage import DamageError, located_in
from penchant.bundle.entries import Spec
from penchant.typing import AnyArray

_CODES = {
    "BOOL": "bool",
    "F16": "float16",
    "F32": "float32",
    "F64": "float64",
    **{
        f"{letter}{bits}": f"{word}{bits}"
        for letter, word in (("I", "int"), ("U", "uint"))
        for bits in (8, 16, 32, 64)
    },
}


def write_arrays(arrays: Mapping[str, AnyArray], path: Path) -> None:
    """Write contiguous arrays under their names.

    Raises:
        OSError: the file cannot be written.
    """
    try:
        save_file(dict(arrays), path)
        set_default_permissions(path)  # a service may run as another user
    except SafetensorError as error:
        raise OSError(str(error).splitlines()[0]) from None


def read_arrays(path: Path, specs: Mapping[str, Spec]) -> dict[str, AnyArray]:
    """Read arrays, of which names, data types and shapes are known.

    Raises:
        DamageError: the file holds others, or is damaged.
    """
    # Known before anything is read: what does not fit in the file is not asked for.
    size = sum(math.prod(shape) * np.dtype(dtype).itemsize for dtype, shape in specs.values())
    if size > path.stat().st_size:
        raise DamageError("it is too small for its arrays")
    try:
        with safe_open(path, framework="numpy") as file:
            if set(file.keys()) != set(specs):
                odd = sorted(set(file.keys()) ^ set(specs))[0]
                raise DamageError(f"its arrays are not those of the manifest, such as {odd[:100]}")
            arrays = {}
            for name, (dtype, shape) in specs.items():
                with located_in(name):
                    part = file.get_slice(name)
                    if (_CODES.get(part.get_dtype()), tuple(part.get_shape())) != (dtype, shape):
                        raise DamageError(f"it is not of the type {dtype} and shape {list(shape)}")
                    arrays[name] = _checked(file.get_tensor(name))
            return arrays
    except (SafetensorError, OSError) as error:
        raise DamageError(f"it cannot be read ({str(error).splitlines()[0][:200]})") from None


def _checked(array: AnyArray) -> AnyArray:
    # NumPy counts truth values by adding up their bytes.
    if array.dtype == np.bool_ and array.size and array.view(np.uint8).max() > 1:
        raise DamageError("it holds truth values that are neither true nor false")
    return array
