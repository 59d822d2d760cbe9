"""Parse files of one object a line into a frame of texts, with every line accounted for.

Blocks of lines go to Polars' reader, which takes each value as text: a key that has a number in
one line and a list in the next is no error. Where it refuses a block, the block is halved until the
lines it cannot read are alone, and these are looked at one by one.
"""

from __future__ import annotations

import ast
import io
import json
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from penchant.data.reading.records import SkippedRecord
from penchant.data.sources.amazon.blocks import Block, Blocks

Transform = Callable[[pl.DataFrame], pl.DataFrame]
_FEW = 1 << 17  # bytes that are looked at line by line
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_LITERAL = (b"{'", b'{u"', b"{u'")


@dataclass
class ParsedLines:
    """The records of a file with one object a line.

    Attributes:
        source: the file's name.
        frame: one row a record: the wanted keys, transformed, and `row`, the line's number.
        skipped: the lines that are no object.
        repaired: lines that were read although something in them is broken, and what.
        lines: how many lines there are: the sum of the records, the lines skipped and those blank.
        blank: how many lines are empty.
        literal: how many lines are written as Python writes a dictionary, not as JSON.
        damage: why not all of the file could be read; None where all was.
        size: bytes of the text.
    """

    source: str
    frame: pl.DataFrame = field(default_factory=pl.DataFrame)
    skipped: list[SkippedRecord] = field(default_factory=list)
    repaired: list[SkippedRecord] = field(default_factory=list)
    lines: int = 0
    blank: int = 0
    literal: int = 0
    damage: str | None = None
    size: int = 0


def read_lines(path: Path, keys: Sequence[str], transform: Transform | None = None) -> ParsedLines:
    """Read objects, one a line, JSON or Python literals.

    Args:
        path: the file, which may be packed.
        keys: what is wanted of each object; a key that an object lacks is null. Values are texts:
            those of objects and lists are written as JSON.
        transform: applied to each block's records, so that the whole of a large file is never in
            memory.

    Raises:
        DataError: the file cannot be read at all.
    """
    blocks = Blocks(path)
    parsed = ParsedLines(blocks.name)
    reader = _Reader(parsed, dict.fromkeys(keys, pl.String()))
    parts = []
    for block in blocks:
        parsed.lines += block.data.count(b"\n")
        records = pl.concat(reader.read(block), how="vertical")
        parts.append(records if transform is None else transform(records))
    if parts:
        parsed.frame = pl.concat(parts, how="vertical")
    parsed.damage, parsed.size = blocks.damage, blocks.size
    return parsed


def first_keys(path: Path) -> set[str]:
    """The keys of the first object of a file; empty where there is none in its first lines."""
    start = Blocks(path, block=_FEW).first()
    for line in start.splitlines()[:20]:
        record, _ = _parse_object(line)
        if isinstance(record, dict):
            return set(record)
    return set()


class _Reader:
    """Reads blocks, and counts in `parsed` what is not as it should be."""

    def __init__(self, parsed: ParsedLines, schema: dict[str, pl.String]) -> None:
        self.parsed, self.schema = parsed, schema

    def read(self, block: Block) -> list[pl.DataFrame]:
        cut = block.data.rstrip(b"\n").rfind(b"\n") + 1
        if not block.whole and _parse_object(block.data[cut:])[0] is None:
            last = block.first + block.data.count(b"\n") - 1
            problem = "the file breaks off within this line"
            self.parsed.skipped.append(SkippedRecord.at(last, problem, block.data[cut:]))
            block = Block(block.first, block.data[:cut])
        if not block.data.startswith(_LITERAL) and (frame := self._read_block(block)) is not None:
            return [frame]
        if len(block.data) > _FEW and (cut := block.data.find(b"\n", len(block.data) // 2) + 1):
            first, rest = block.data[:cut], block.data[cut:]
            after = block.first + first.count(b"\n")
            parts = self.read(Block(block.first, first))
            return parts + self.read(Block(after, rest)) if rest else [self._read_each_line(block)]
        return [self._read_each_line(block)]

    def _read_block(self, block: Block) -> pl.DataFrame | None:
        """Let Polars read it; None where it cannot, or where it might have lost something."""
        count = block.data.count(b"\n")
        if not count:
            return self._to_frame([], [])
        try:
            frame = pl.read_ndjson(io.BytesIO(block.data), schema=self.schema)
        except pl.exceptions.PolarsError:
            return None
        if frame.height != count:  # blank lines, or several objects in one
            return None
        # The reader makes half of a surrogate pair a NUL.
        if frame.select(pl.any_horizontal(pl.all().str.contains("\0", literal=True).any())).item():
            return None
        return frame.with_columns(_rows(range(block.first, block.first + count)))

    def _read_each_line(self, block: Block) -> pl.DataFrame:
        good: list[dict[str, str | None]] = []
        rows: list[int] = []
        for row, line in enumerate(block.data.split(b"\n")[:-1], block.first):
            if not line.strip():
                self.parsed.blank += 1
                continue
            record, problem = _parse_object(line)
            if record is None:
                self.parsed.skipped.append(SkippedRecord.at(row, problem, line))
                continue
            if problem == _AS_PYTHON:
                self.parsed.literal += 1
            elif problem:
                self.parsed.repaired.append(SkippedRecord.at(row, problem, line))
            good.append({key: _text(record.get(key)) for key in self.schema})
            rows.append(row)
        return self._to_frame(good, rows)

    def _to_frame(self, records: list[dict[str, str | None]], rows: list[int]) -> pl.DataFrame:
        return pl.DataFrame(records, schema=self.schema).with_columns(_rows(rows))


_AS_PYTHON = "a Python literal"


def _parse_object(line: bytes) -> tuple[dict[str, Any] | None, str]:
    """The object in a line, or None, and what is wrong with the line."""
    defect = ""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        defect = "bytes that are not UTF-8, read as Windows-1252"
        text = line.decode("cp1252", errors="replace")
    text = text.strip().removeprefix("\ufeff")
    try:
        record = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        record = _parse_literal(text)
        if record is None:
            why = error.msg if isinstance(error, json.JSONDecodeError) else "too deep"
            return None, f"not JSON ({why})"
        defect = defect or _AS_PYTHON
    if not isinstance(record, dict):
        return None, "not a JSON object"
    if "\\u" in text and (broken := _broken_characters(record)):
        return {key: _repaired(value) for key, value in record.items()}, defect or broken
    return record, defect


def _parse_literal(text: str) -> Any:
    """A dictionary as Python writes it; None for anything else."""
    if not text.startswith("{"):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes that Python does not know
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None


def _broken_characters(record: dict[str, Any]) -> str:
    texts = [_text(value) or "" for value in record.values()]
    if any(_HALF_PAIR.search(text) for text in texts):
        return "half of a surrogate pair, replaced"
    return "a NUL character, replaced" if any("\0" in text for text in texts) else ""


def _repaired(value: Any) -> Any:
    """A value whose texts can be written in UTF-8 and have no NUL."""
    if isinstance(value, str):
        return _HALF_PAIR.sub("\ufffd", value).replace("\0", "\ufffd")
    if isinstance(value, list | tuple):
        return [_repaired(part) for part in value]
    if isinstance(value, dict):
        return {_repaired(key): _repaired(part) for key, part in value.items()}
    return value


def _text(value: Any) -> str | None:
    """A value as text, the way Polars writes it."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _rows(rows: Sequence[int]) -> pl.Series:
    return pl.Series("row", rows, dtype=pl.UInt32)
