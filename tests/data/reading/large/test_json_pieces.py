"""Large files of JSON lines that are read in pieces are the logs that are read at once."""

from __future__ import annotations

import gzip
import json

import pytest

from support.log_outcome import in_pieces_of_a_file

N = 900
RECORDS = [
    {"user": f"ü{n % 41}", "item": n * 7 % 97, "rating": n % 5 + 1.0, "text": 'a\n"b"'}
    for n in range(N)
]


def written(*records: object, newline: str = "\n") -> str:
    return newline.join(r if isinstance(r, str) else json.dumps(r) for r in records) + newline


PLAIN = written(*RECORDS)
APART = {
    "plain": PLAIN,
    "CRLF": written(*RECORDS, newline="\r\n"),
    "no final newline": PLAIN[:-1],
    "a byte-order mark": "\ufeff" + PLAIN,
    "blank lines in front and behind": f"\n\n{PLAIN}\n\n",
    "unusable values": written(*RECORDS[:500], RECORDS[0] | {"user": None}, *RECORDS[500:]),
    "another order of names": written(
        *RECORDS[:300], *(dict(reversed(r.items())) for r in RECORDS[300:])
    ),
}
AT_ONCE = {
    "further names at the end": written(*RECORDS, {**RECORDS[0], "shop": "x"}),
    "integers in front": written(*({**r, "rating": 3} for r in RECORDS[:450]), *RECORDS[450:]),
    "a broken line": written(*RECORDS[:600], '{"user": "a', *RECORDS[600:]),
    "a broken first line": written('{"user": "a', *RECORDS),
    "a blank line": written(*RECORDS[:600], "", *RECORDS[600:]),
    "lists": written(*({"user": n % 9, "items": [n, n % 7]} for n in range(N))),
    "an array": "[" + ",\n".join(map(json.dumps, RECORDS)) + "]",
    "a document": json.dumps({"events": RECORDS}, indent=1),
    "commas behind lines": written(*(json.dumps(r) + "," for r in RECORDS)),
}


@pytest.mark.parametrize("name", [*APART, *AT_ONCE])
def test_json_lines(name, tmp_path, caplog):
    path = tmp_path / "log.jsonl"
    text = (APART | AT_ONCE)[name].encode()
    for content in (text, gzip.compress(text)):
        path.write_bytes(content)
        for options in ({}, {"malformed": "raise"}, {"limit": 10}):
            sizes = in_pieces_of_a_file(path, len(text) // 3, caplog, **options)
            if not options:
                assert (0 < max(sizes, default=0) < N // 2) == (name in APART)
