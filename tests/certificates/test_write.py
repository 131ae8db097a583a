from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from lipsym.certificates.write import to_json, write_text
from lipsym.errors import InputError


def test_a_file_appears_complete_and_alone(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file.json"
    assert write_text("{}\n", target) == target
    assert target.read_text() == "{}\n"
    assert os.listdir(target.parent) == ["file.json"]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_interruption_leaves_the_former_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    target = write_text("former", tmp_path / "file.json")

    def stop(*_: Any) -> None:
        raise error

    monkeypatch.setattr(os, "replace", stop)
    with pytest.raises(error):
        write_text("latter", target)
    assert target.read_text() == "former"
    assert os.listdir(tmp_path) == ["file.json"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written to") as caught:
        write_text("", tmp_path / "file" / "inner.json")
    assert len(str(caught.value).splitlines()) == 3


def test_a_float_is_refused_wherever_it_stands() -> None:
    assert to_json({"a": ["1/2", 3, None, True, {"b": "inf"}]})
    with pytest.raises(InputError, match=r"0\.5"):
        to_json({"a": [{"b": 0.5}]})
