"""Text in other encodings than UTF-8."""

from __future__ import annotations

import pytest

from penchant.data.reading.log_reader import read
from penchant.errors import DataError


def rows(log):
    return log.frame().select("user", "item", "rating").rows()


def test_encodings(write):
    text = "user,item,rating\n1,Amélie,5\n"
    with pytest.raises(DataError, match=r"byte 0xE9 in line 2 is not UTF-8.*--encoding cp1252"):
        read(write(text.encode("latin-1")))
    for encoding in ("latin-1", "cp1252", "utf-16", "utf-8-sig"):
        given = None if encoding == "utf-8-sig" else encoding
        log = read(write(text.encode(encoding)), encoding=given)
        assert rows(log) == [(1, "Amélie", 5)]
    with pytest.raises(DataError, match="no encoding 'latin-99'"):
        read(write(text), encoding="latin-99")


def test_advice_on_an_encoding_is_one_that_reads_the_text(write):
    text = "user,item,rating\n1,15 € – „Spaß“,5\n"
    path = write(text.encode("cp1252"))
    with pytest.raises(DataError, match=r"byte 0x80 in line 2.*--encoding cp1252"):
        read(path)
    with pytest.raises(DataError, match=r"has '€', which latin-1 lacks.*--encoding cp1252"):
        read(path, encoding="latin-1")
    assert rows(read(path, encoding="cp1252")) == [(1, "15 € – „Spaß“", 5)]
    with pytest.raises(DataError, match=r"0x8D in line 2.*--encoding …"):
        read(write("user,item,rating\n1,Ťažký,5\n".encode("cp1250")))
    with pytest.raises(DataError, match=r"0xE9 in line 3.*most of the text is, so correct"):
        read(write("user,item,rating\n1,Größe grün,5\n".encode() + b"2,caf\xe9,5\n"))


def test_control_characters_that_no_code_page_has_signs_for_are_kept(write):
    log = read(write(b"user,item,rating\n1,a\x81,5\n"), encoding="latin-1")
    assert rows(log) == [(1, "a\x81", 5)]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "cp1251"])
def test_utf8_is_read_as_that_where_another_encoding_is_given(write, caplog, encoding):
    text = "user,item,rating\n1,Größe “Í”,5\n"
    for mark in (b"", b"\xef\xbb\xbf"):
        log = read(write(mark + text.encode()), encoding=encoding)
        assert rows(log) == [(1, "Größe “Í”", 5)]
        assert f"valid UTF-8 was read so, and not as {encoding}" in caplog.text
    caplog.clear()
    read(write("user,item,rating\n1,Grosse,5\n"), encoding=encoding)
    assert "UTF-8" not in caplog.text


def test_a_log_and_its_table_may_have_different_encodings(write, tmp_path, caplog):
    table = tmp_path / "artikel.csv"
    table.write_bytes("item,title\nGröße,15 €\n".encode("cp1252"))
    path = write("user,item,rating\n1,Größe,5\n".encode())
    with pytest.raises(DataError, match=r"^artikel.csv: byte 0xF6 in line 2"):
        read(path, item_table=table)
    log = read(path, item_table=table, encoding="cp1252")
    assert log.item_table["title"].to_list() == ["15 €"]
    assert log.items.ids.to_list() == ["Größe"]
    assert "valid UTF-8 was read so" in caplog.text
