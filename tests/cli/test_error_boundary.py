from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from penchant.cli.error_boundary import one_sentence_errors, sentence
from penchant.errors import DataError

BROKEN = {
    "encoding": (b"user,item,rating\nJos\xe9,a,3\nb,c,4\n", "cp1252"),
    "column": (b"user,rating\n1,3\n2,4\n", "no item column"),
    "words": (b"user,item,rating\n1,a,good\n2,b,bad\n3,c,fine\n", "'good' in line 2"),
    "empty": (b"", "is empty"),
    "short": (b"user,item,rating\n1,a,3\n2,b,4\n3,a,5\n", "3 events: too few"),
    "header": (b"user,item,rating\n", "no record"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_log_is_told_in_one_sentence(call, tmp_path, kind):
    content, words = BROKEN[kind]
    path = tmp_path / f"{kind}.csv"
    path.write_bytes(content)
    result = call("compare", path, "-m", "popular", "--quiet")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr
    assert kind in result.stderr


def test_a_value_that_an_option_does_not_take_is_told_with_those_it_takes(call):
    result = call("compare", "movielens-100k", "--split", "odd")
    assert result.exit_code == 2
    assert "Invalid value for '--split': 'odd' is not one of 'time', 'random'" in result.stderr


def test_errors_go_to_standard_error_with_json_too(call, tmp_path):
    result = call("compare", tmp_path / "none.csv", "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "There is no file" in result.stderr


def test_debug_lets_the_error_through(monkeypatch):
    monkeypatch.setenv("PENCHANT_DEBUG", "1")
    with pytest.raises(DataError), one_sentence_errors():
        raise DataError("It is broken.")


def test_exits_pass():
    with pytest.raises(typer.Exit) as caught, one_sentence_errors():
        raise typer.Exit(3)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DataError("It is broken."), "It is broken."),
        (PermissionError(13, "Permission denied", "a.csv"), "a.csv: Permission denied."),
        (MemoryError(), "not enough memory"),
        (TypeError("two\nlines"), "TypeError: two lines"),
    ],
)
def test_every_error_has_one_line(error, words):
    assert words in sentence(error)
    assert "\n" not in sentence(error)


def run(code: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, **options
    )


def test_an_interrupt_exits_with_130():
    done = run(
        "import sys, penchant.cli.fetch as f\n"
        "from penchant.cli import main\n"
        "def stop(self, data): raise KeyboardInterrupt\n"
        "f.Session.reply = stop\n"
        "sys.argv = ['penchant', 'fetch', '--json']\n"
        "main()"
    )
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


def test_a_closed_pipe_is_no_error_to_read_about():
    code = "import sys; sys.argv = ['penchant', 'fetch']; from penchant.cli import main; main()"
    command = f'"{sys.executable}" -c "{code}" | true'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""
