from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from penchant.cli.terminal_text import harmless


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 中文 🎉\tand\nlines", "plain é 中文 🎉\tand\nlines"),
        ("\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("a\rb\x7f\x9b31m\u202egnp", "a\\rb\\x7f\\x9b31m\\u202egnp"),
    ],
)
def test_what_a_terminal_would_obey(text, shown):
    assert harmless(text) == shown


def test_titles_on_a_terminal_are_only_shown(call, tmp_path):
    title = "\x1b[2J\x1b]0;owned\x07"
    lines = ["user,item", *(f"{u},{title}{i}" for u in range(9) for i in range(6) if (u + i) % 3)]
    (tmp_path / "log.csv").write_text("\n".join(lines))
    words = ["similar", str(tmp_path / "log.csv"), "-i", f"{title}1"]
    assert "\x1b[2J" in call(*words).stdout  # what programs read is as the log has it
    command = [sys.executable, "-P", "-m", "penchant", *words]
    parent, child = pty.openpty()
    done = subprocess.run(command, stdout=child, stderr=child, check=True)
    os.close(child)
    seen = b""
    while chunk := _read(parent):
        seen += chunk
    assert done.returncode == 0
    assert b"\\x1b[2J" in seen
    assert b"\x1b[2J" not in seen
    assert b"\x07" not in seen


def _read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed and nothing is left
        return b""
