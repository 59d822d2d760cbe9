import gzip
import io
import os
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from penchant.data.fetching.archive import Limits, unpack
from penchant.errors import DownloadError

FILES = {"ml-tiny/u.data": b"1\t2\t3\t4\n" * 500, "ml-tiny/README": b"Hello\n"}


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def make_tar(path: Path, files: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def make_special_tar(path: Path, kind: bytes, **fields: object) -> Path:
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("innocent")
        info.type = kind
        for name, value in fields.items():
            setattr(info, name, value)
        archive.addfile(info)
    return path


def refused(archive: Path, tmp_path: Path, match: str, limits: Limits | None = None) -> None:
    """The archive is refused in one sentence, and nothing of it is left anywhere."""
    before = set(tmp_path.rglob("*"))
    with pytest.raises(DownloadError, match=match) as caught:
        unpack(archive, tmp_path / "in" / "out", limits=limits)
    assert str(caught.value).startswith(f"The archive {archive.name} ")
    assert "\n" not in str(caught.value)
    assert set(tmp_path.rglob("*")) - before <= {tmp_path / "in"}


@pytest.mark.parametrize(
    ("suffix", "make"),
    [
        (".zip", make_zip),
        (".tar", lambda path, files: make_tar(path, files, "w")),
        (".tar.gz", make_tar),
        (".tar.bz2", lambda path, files: make_tar(path, files, "w:bz2")),
        (".tar.xz", lambda path, files: make_tar(path, files, "w:xz")),
    ],
)
class TestEveryFormat:
    def test_everything_or_a_choice(
        self, tmp_path: Path, suffix: str, make: Callable[[Path, dict[str, bytes]], Path]
    ) -> None:
        archive = make(tmp_path / f"a{suffix}", FILES)
        unpack(archive, tmp_path / "all")
        assert (tmp_path / "all/ml-tiny/u.data").read_bytes() == FILES["ml-tiny/u.data"]
        unpack(archive, tmp_path / "some", only=["u.data"])
        assert [p.name for p in (tmp_path / "some").iterdir()] == ["u.data"]

    @pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "..\\evil", "C:evil"])
    def test_a_way_out_is_refused(
        self,
        tmp_path: Path,
        suffix: str,
        make: Callable[[Path, dict[str, bytes]], Path],
        name: str,
    ) -> None:
        refused(make(tmp_path / f"a{suffix}", {**FILES, name: b"!"}), tmp_path, "unsafe member")

    @pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.95])
    def test_a_cut_archive_is_refused(
        self,
        tmp_path: Path,
        suffix: str,
        make: Callable[[Path, dict[str, bytes]], Path],
        share: float,
    ) -> None:
        noise = {f"file {n}": os.urandom(3000) for n in range(4)}
        archive = make(tmp_path / f"a{suffix}", noise)
        content = archive.read_bytes()
        if suffix == ".tar":
            content = content[: 4 * (512 + 3072)]  # without tar's own padding at the end
        archive.write_bytes(content[: int(share * len(content))])
        refused(archive, tmp_path, "broken or cut short")

    def test_too_many_and_too_much(
        self, tmp_path: Path, suffix: str, make: Callable[[Path, dict[str, bytes]], Path]
    ) -> None:
        archive = make(tmp_path / f"a{suffix}", FILES)
        refused(archive, tmp_path, "more than", Limits(members=1))
        refused(archive, tmp_path, "more than", Limits(size=3000))

    def test_a_name_given_twice_is_refused(
        self, tmp_path: Path, suffix: str, make: Callable[[Path, dict[str, bytes]], Path]
    ) -> None:
        twice = {"u.data": b"1", "U.DATA": b"2"}
        refused(make(tmp_path / f"a{suffix}", twice), tmp_path, "more than once")


def test_what_was_there_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/old").write_text("old")
    unpack(make_zip(tmp_path / "a.zip", {"new": b"new"}), tmp_path / "out")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["new"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "out"]


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    refused(make_zip(tmp_path / "a.zip", {"zeros": bytes(40 << 20)}), tmp_path, "more than")


def test_a_tar_bomb_is_refused(tmp_path: Path) -> None:
    refused(make_tar(tmp_path / "a.tar.gz", {"zeros": bytes(40 << 20)}), tmp_path, "more than")


def test_a_tar_bomb_between_members_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.gz"
    with tarfile.open(archive, "w:gz", format=tarfile.PAX_FORMAT) as tar:
        info = tarfile.TarInfo("innocent")
        info.pax_headers = {"comment": "x" * (40 << 20)}
        tar.addfile(info)
    refused(archive, tmp_path, "invalid header")


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"zeros": bytes(40 << 20)})
    content = archive.read_bytes().replace(struct.pack("<L", 40 << 20), struct.pack("<L", 100))
    archive.write_bytes(content)
    refused(archive, tmp_path, "broken|more than")


def test_a_zip_with_a_link_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        link = zipfile.ZipInfo("u.data")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    refused(tmp_path / "a.zip", tmp_path, "neither a file nor a folder")


def test_a_zip_with_a_password_is_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"secret": b"x"})
    content = bytearray(archive.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)
    refused(archive, tmp_path, "password")


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (tarfile.SYMTYPE, {"linkname": "/etc/passwd"}),
        (tarfile.LNKTYPE, {"linkname": "../../etc/passwd"}),
        (tarfile.CHRTYPE, {"devmajor": 1, "devminor": 3}),
        (tarfile.FIFOTYPE, {}),
    ],
)
def test_a_tar_with_links_or_devices_is_refused(
    tmp_path: Path, kind: bytes, fields: dict[str, object]
) -> None:
    archive = make_special_tar(tmp_path / "a.tar", kind, **fields)
    refused(archive, tmp_path, "neither a file nor a folder")


def test_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("<html>Please log in</html>" * 100)
    refused(tmp_path / "a.zip", tmp_path, "broken or cut short")
    refused(tmp_path / "none.zip", tmp_path, "cannot be unpacked")


@pytest.mark.parametrize("name", ["", "/", "."])
def test_a_member_of_a_zip_without_a_name_is_refused(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("innocent")
        info.filename = name
        archive.writestr(info, b"")
    refused(tmp_path / "a.zip", tmp_path, "unsafe member name")


def test_a_header_of_a_tar_that_would_fill_memory_is_refused(tmp_path: Path) -> None:
    make_tar(tmp_path / "a.tar", FILES, "w")
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("u.data")
        info.pax_headers = {"comment": "x" * (4 << 20)}
        archive.addfile(info)
    refused(tmp_path / "a.tar.gz", tmp_path, "invalid header", Limits(free=64 << 20))


def test_compressed_zeros_are_no_archive_with_files(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(64 << 20)))
    unpack(tmp_path / "a.gz", tmp_path / "out", only=["u.data"])  # an empty tar
    assert list((tmp_path / "out").iterdir()) == []


def _read_header(cls: type[tarfile.TarInfo], tar: tarfile.TarFile) -> tarfile.TarInfo:
    """The next member, as Python 3.13.13 and 3.14 read it: past `frombuf` of subclasses."""
    header = tarfile.TarInfo.frombuf.__func__  # type: ignore[attr-defined]
    info = header(cls, tar.fileobj.read(512), tar.encoding, tar.errors)  # type: ignore[union-attr]
    info.offset = tar.fileobj.tell() - 512  # type: ignore[union-attr]
    return info._proc_member(tar)  # type: ignore[no-any-return]


@pytest.mark.parametrize("newer", [False, True])
@pytest.mark.parametrize("before", [0, 1])
def test_long_additions_to_a_header_cost_no_time(
    tmp_path: Path, before: int, newer: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """tarfile looks for a character set with the square of the digits that it is told of."""
    if newer:
        monkeypatch.setattr(tarfile.TarInfo, "fromtarfile", classmethod(_read_header))
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        for n in range(before):
            archive.addfile(tarfile.TarInfo(f"{n}.csv"))
        info = tarfile.TarInfo("ratings.csv")
        info.pax_headers = {"comment": "1" * 200_000}
        archive.addfile(info)
    refused(tmp_path / "a.tar", tmp_path, "invalid header")


def test_a_message_that_quotes_a_long_name_is_cut(tmp_path: Path) -> None:
    name = "n" * 2000
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(name, "text")
    content = (tmp_path / "a.zip").read_bytes()
    (tmp_path / "a.zip").write_bytes(content.replace(b"nnn", b"nxn", 1))  # not in the directory
    refused(tmp_path / "a.zip", tmp_path, "broken or cut short .File name in directory")
    with pytest.raises(DownloadError) as caught:
        unpack(tmp_path / "a.zip", tmp_path / "out")
    assert len(str(caught.value)) < 400
