from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from penchant.errors import DataError
from penchant.serving.app import create_app
from penchant.serving.pages.pictures import Pictures
from penchant.serving.settings import Settings

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


def test_pictures_are_those_of_a_folder_by_the_items_id(bundles, tmp_path):
    folder = tmp_path / "posters"
    folder.mkdir()
    (folder / "101.png").write_bytes(PNG)
    (folder / "102.svg").write_bytes(b"<svg/>")
    (tmp_path / "secret.png").write_bytes(PNG)
    with TestClient(create_app(Settings(bundle=bundles / "ease", pictures=folder))) as client:
        answer = client.get("/pictures/101")
        assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")
        page = client.get("/items/101").text
        assert '<img class="cover" src="/pictures/101" alt=""' in page
        assert 'src="/pictures/102"' not in page  # scripts may hide in SVG
        for path in ("102", "103", "../secret", "..%2Fsecret", "%2e%2e%2fsecret"):
            assert client.get(f"/pictures/{path}").status_code == 404, path


def test_ids_with_slashes_have_pictures_too(tmp_path):
    (tmp_path / "a%2Fb.jpg").write_bytes(b"jpeg")
    pictures = Pictures(tmp_path)
    assert pictures.read("a/b") == (b"jpeg", "image/jpeg")
    assert pictures.has("a/b")
    assert not pictures.has("b")
    (tmp_path / "a%2Fb.jpg").unlink()
    assert pictures.read("a/b") is None


def test_a_folder_that_is_not_there_is_said_at_once(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        Pictures(tmp_path / "missing")
    assert not Pictures(None).has(1)
