import json

import pytest

from marketpulse.models.prune import prune

ONE, TWO, THREE = "1" * 16, "2" * 16, "3" * 16


@pytest.fixture
def folder(tmp_path):
    for name in (ONE, TWO, THREE, "notes", "run-1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text("{}")
    return tmp_path


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_only_versions_that_nothing_names_are_removed(folder):
    assert prune(folder, [TWO]) == (ONE, THREE)
    assert left(folder) == [TWO, "notes", "run-1"]
    assert prune(folder, [TWO]) == ()


def test_what_a_file_beside_them_names_stays(folder):
    (folder / "lstm-1d.json").write_text(json.dumps({"version": THREE}))
    assert prune(folder, [TWO]) == (ONE,)


def test_a_file_that_cannot_be_read_may_name_anything(folder):
    (folder / "lstm-1d.json").write_bytes(b"\xff\xff")
    assert prune(folder, []) == ()
    assert ONE in left(folder)


def test_a_link_is_no_version_of_ours(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "kept.txt").write_text("x")
    (folder / ("4" * 16)).symlink_to(elsewhere)
    prune(folder, [])
    assert (elsewhere / "kept.txt").exists()
    assert left(folder) == ["4" * 16, "notes", "run-1"]


def test_no_folder_is_nothing_to_do(tmp_path):
    assert prune(tmp_path / "none", []) == ()
