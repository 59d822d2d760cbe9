"""Results as plain records: figures, findings, comparisons, studies and tunings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penchant.lazy import exporter

if TYPE_CHECKING:
    from penchant.results.evaluation_summary import EvaluationSummary
    from penchant.results.formatting import duration, join_names, signed
    from penchant.results.study.gallery import (
        IMAGE_HEIGHT,
        IMAGE_WIDTH,
        JPEG_DATA,
        Gallery,
        GalleryItem,
    )
    from penchant.results.study.opening import Opening
    from penchant.results.study.progress import PlannedStep, StudyProgress, time_left
    from penchant.results.study.quick import (
        opening_without_verdict,
        section_without_verdicts,
    )
    from penchant.results.study.result import StudyResult
    from penchant.results.study.sections import (
        CodeBlock,
        Conclusion,
        ConclusionLevel,
        DataTable,
        Section,
        StudyStep,
    )
    from penchant.results.tables import Cost, CustomMetric, Entry, MetricValue, Table
else:
    __getattr__ = exporter(
        __name__,
        {
            "EvaluationSummary": "evaluation_summary",
            "Cost": "tables",
            "CustomMetric": "tables",
            "Entry": "tables",
            "MetricValue": "tables",
            "Table": "tables",
            "duration": "formatting",
            "join_names": "formatting",
            "signed": "formatting",
            "Gallery": "study.gallery",
            "GalleryItem": "study.gallery",
            "IMAGE_HEIGHT": "study.gallery",
            "IMAGE_WIDTH": "study.gallery",
            "JPEG_DATA": "study.gallery",
            "Opening": "study.opening",
            "PlannedStep": "study.progress",
            "StudyProgress": "study.progress",
            "time_left": "study.progress",
            "opening_without_verdict": "study.quick",
            "section_without_verdicts": "study.quick",
            "StudyResult": "study.result",
            "CodeBlock": "study.sections",
            "Conclusion": "study.sections",
            "ConclusionLevel": "study.sections",
            "DataTable": "study.sections",
            "Section": "study.sections",
            "StudyStep": "study.sections",
        },
    )

__all__ = [
    "IMAGE_HEIGHT",
    "IMAGE_WIDTH",
    "JPEG_DATA",
    "CodeBlock",
    "Conclusion",
    "ConclusionLevel",
    "Cost",
    "CustomMetric",
    "DataTable",
    "Entry",
    "EvaluationSummary",
    "Gallery",
    "GalleryItem",
    "MetricValue",
    "Opening",
    "PlannedStep",
    "Section",
    "StudyProgress",
    "StudyResult",
    "StudyStep",
    "Table",
    "duration",
    "join_names",
    "opening_without_verdict",
    "section_without_verdicts",
    "signed",
    "time_left",
]
