import errno
from concurrent.futures.process import BrokenProcessPool

import pytest
from kedro.io import DatasetError

from kigezi.faults import explain_fault


def _wrapped(error: Exception) -> Exception:
    try:
        try:
            raise error
        except Exception as cause:
            raise DatasetError("Failed while saving data") from cause
    except DatasetError as wrapped:
        return wrapped


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, "No space", "a/b.npz"), "the disk is full (a/b.npz)"),
        (OSError(errno.EFBIG, "File too large"), "the disk is full: make room"),
        (OSError("[Errno 28] No space left on device"), "the disk is full"),
        (PermissionError(errno.EACCES, "Permission denied", "d"), "denied (d): make"),
        (OSError(errno.EROFS, "Read-only file system"), "make it writable"),
        (MemoryError(), "the memory is full"),
        (BrokenProcessPool("died"), "fewer `workers`"),
    ],
)
def test_a_fault_is_a_sentence(error: Exception, says: str) -> None:
    for seen in (error, _wrapped(error)):
        sentence = explain_fault(seen)
        assert sentence and says in sentence
        assert "run the same command again" in sentence
        assert "\n" not in sentence


@pytest.mark.parametrize("error", [ValueError("bug"), OSError(errno.ENOENT, "none")])
def test_other_errors_are_not_explained_away(error: Exception) -> None:
    assert explain_fault(_wrapped(error)) is None
