import os
import platform

import pytest

from kigezi.processor import ONEDNN_VARIABLE, THREADS_VARIABLE, prepare_training


def test_threads_are_fixed_but_the_users_number_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(THREADS_VARIABLE)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    prepare_training(3)
    assert (os.environ[THREADS_VARIABLE], os.environ["OMP_NUM_THREADS"]) == ("3", "7")
    monkeypatch.delenv(THREADS_VARIABLE)
    prepare_training(None)
    assert int(os.environ[THREADS_VARIABLE]) >= 1


@pytest.mark.parametrize(
    ("machine", "shell", "used"),
    [
        ("x86_64", {}, "1"),
        ("AMD64", {}, "1"),
        ("x86_64", {ONEDNN_VARIABLE: "0"}, "0"),
        ("arm64", {}, None),
    ],
)
def test_onednn_computes_where_that_was_measured_unless_the_user_forbids_it(
    monkeypatch: pytest.MonkeyPatch, machine: str, shell: dict, used: str | None
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.delenv(ONEDNN_VARIABLE, raising=False)
    for name, value in shell.items():
        monkeypatch.setenv(name, value)
    prepare_training(1)
    assert os.environ.get(ONEDNN_VARIABLE) == used
