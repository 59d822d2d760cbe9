"""The array types that annotations use: NumPy arrays by element type, and sparse rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy import sparse

Float16: TypeAlias = npt.NDArray[np.float16]
Float32: TypeAlias = npt.NDArray[np.float32]
Float64: TypeAlias = npt.NDArray[np.float64]
AnyFloat: TypeAlias = npt.NDArray[np.floating]
Int32: TypeAlias = npt.NDArray[np.int32]
Int64: TypeAlias = npt.NDArray[np.int64]
AnyInt: TypeAlias = npt.NDArray[np.integer]
UInt8: TypeAlias = npt.NDArray[np.uint8]
UInt64: TypeAlias = npt.NDArray[np.uint64]
Bool: TypeAlias = npt.NDArray[np.bool_]
AnyArray: TypeAlias = npt.NDArray[Any]

if TYPE_CHECKING:
    Csr: TypeAlias = sparse.csr_array
else:  # annotations alone need it, and importing SciPy takes time
    Csr = Any
