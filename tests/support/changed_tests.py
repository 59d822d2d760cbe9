"""Print the tests beside the files that were changed since the main branch, one path a line.

`src/penchant/data/splits.py` has its tests in `tests/data/test_splits.py`; a file without such a
neighbour stands for the tests of its folder, and a changed test helper for those that import it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def changed_files() -> list[str]:
    """Files of the working tree that differ from where this branch left main, new ones included."""

    def git(*words: str) -> list[str]:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
        return done.stdout.splitlines() if done.returncode == 0 else []

    base = next(iter(git("merge-base", "HEAD", "main") or git("rev-parse", "HEAD")), "HEAD")
    return [
        *git("diff", "--name-only", "--diff-filter=d", base),
        *git("ls-files", "--others", "--exclude-standard"),
    ]


def neighbours_of(file: str, root: Path = ROOT) -> list[str]:
    """The test files that belong to a changed file.

    Args:
        file: its path from the root of the project.
        root: of the project.

    Returns:
        Paths from the root; empty where no test belongs to it.
    """
    path = Path(file)
    if path.parts[0] == "tests":
        if path.name.startswith("test_"):
            return [file]
        return _importers(path.stem, root) if path.parts[1:2] == ("support",) else []
    if path.parts[:2] != ("src", "penchant") or path.suffix != ".py":
        return []
    folder = Path("tests", *path.parts[2:-1])
    neighbour = folder / f"test_{path.stem}.py"
    if (root / neighbour).is_file():
        return [str(neighbour)]
    if folder == Path("tests"):
        return []
    return [str(test.relative_to(root)) for test in sorted((root / folder).glob("test_*.py"))]


def _importers(stem: str, root: Path) -> list[str]:
    return [
        str(test.relative_to(root))
        for test in sorted((root / "tests").rglob("test_*.py"))
        if stem in test.read_text(encoding="utf-8")
    ]


if __name__ == "__main__":
    tests = {test for file in changed_files() for test in neighbours_of(file)}
    print(*sorted(tests), sep="\n")
