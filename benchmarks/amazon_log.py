"""A log in the real format of Amazon's reviews, of any size, from real lines with other ids.

`python benchmarks/amazon_log.py FOLDER --reviews 1584082 --products 74347` writes
`Digital_Music.json.gz` and `meta_Digital_Music.json.gz`: the reviews and products of the categories
that PENCHANT_MIRROR has, repeated, with every repetition's users and items its own.
"""

from __future__ import annotations

import argparse
import gzip
import os
from collections.abc import Iterator
from pathlib import Path

NAME = "Digital_Music"


def repeated(lines: list[bytes], wanted: int) -> Iterator[bytes]:
    """Blocks of `wanted` lines in all; the ids of each repetition are its own."""
    block = b"".join(lines)
    done = 0
    while done < wanted:
        some = lines[: wanted - done]
        text = block if len(some) == len(lines) else b"".join(some)
        sign = b"%03d" % (done // len(lines))
        for key in (b'"reviewerID": "A', b'"asin": "B'):
            text = text.replace(key, key + sign)
        yield text
        done += len(some)


def make(mirror: Path, folder: Path, reviews: int, products: int) -> Path:
    """Write both files and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    both = (("", "*/*_5.json.gz", reviews), ("meta_", "*/meta_*", products))
    for prefix, pattern, wanted in both:
        if not wanted:
            continue
        lines = [
            line if line.endswith(b"\n") else line + b"\n"
            for path in sorted((mirror / "amazon-2018").glob(pattern))
            for line in gzip.decompress(path.read_bytes()).splitlines(keepends=True)
        ]
        if not lines:
            raise SystemExit(f"{mirror} has no {pattern} of amazon-2018.")
        with gzip.open(folder / f"{prefix}{NAME}.json.gz", "wb", compresslevel=6) as file:
            file.writelines(repeated(lines, wanted))
    return folder


def main() -> None:
    """Parse the arguments and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--reviews", type=int, default=1_584_082)
    parser.add_argument("--products", type=int, default=74_347)
    args = parser.parse_args()
    mirror = os.environ.get("PENCHANT_MIRROR")
    if not mirror:
        parser.error("PENCHANT_MIRROR must name the folder with copies of data sets")
    print(make(Path(mirror), args.folder, args.reviews, args.products))


if __name__ == "__main__":
    main()
