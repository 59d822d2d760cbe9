from __future__ import annotations

import json


def test_a_log_is_encoded_and_read(call, tiny_csv, tmp_path):
    folder = tmp_path / "encoded"
    result = call("encode", tiny_csv, "-o", folder)
    assert result.exit_code == 0, result.stderr
    assert f"{folder} has the" in result.stdout
    facts = json.loads(call("encode", tiny_csv, "-o", tmp_path / "two", "--json").stdout)
    assert facts["folder"] == str(tmp_path / "two")
    assert facts["bytes"] > 0
    one, other = (
        json.loads(call("explore", source, "--json").stdout) for source in (folder, tiny_csv)
    )
    assert one["summary"] == other["summary"]
    trained = call("train", folder, "-m", "ease", "-o", tmp_path / "bundle")
    assert trained.exit_code == 0, trained.stderr
    refused = call("encode", tiny_csv, "-o", folder)
    assert refused.exit_code == 1
    assert "is there already" in refused.stderr
    assert "Name a new folder" in call("encode", tiny_csv).stderr
    unused = call("explore", folder, "--user", "user")
    assert "cannot be used with the folder" in unused.stderr
