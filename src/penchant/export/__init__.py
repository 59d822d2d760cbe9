"""Models for other programs: as files of ONNX, and their vectors as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penchant.lazy import exporter

if TYPE_CHECKING:
    from penchant.export.onnx_file import OnnxExport, export_onnx
    from penchant.export.vectors import VectorExport, export_vectors

__all__ = ["OnnxExport", "VectorExport", "export_onnx", "export_vectors"]

__getattr__ = exporter(
    __name__,
    {
        "OnnxExport": "onnx_file",
        "VectorExport": "vectors",
        "export_onnx": "onnx_file",
        "export_vectors": "vectors",
    },
)
