"""Faults of the machine that a user can mend, as one sentence each."""

import errno
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool

_FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
_REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)
_SAME = "run the same command again, which goes on where this run was"


def explain_fault(error: BaseException) -> str | None:
    """What to do about a full disk and the like, or nothing for other errors.

    Args:
        error: Whose causes are looked at too: libraries wrap what went wrong.
    """
    for cause in causes(error):
        if isinstance(cause, BrokenProcessPool):
            return (
                "a worker process was killed, as happens when memory runs out: close "
                "other programs, or set fewer `workers` in conf/base/globals.yml, and "
                f"{_SAME}."
            )
        if isinstance(cause, MemoryError):
            return f"the memory is full: close other programs, and {_SAME}."
        if not isinstance(cause, OSError):
            continue
        where = f" ({cause.filename})" if cause.filename else ""
        # PyArrow and others keep the number in their message only.
        if cause.errno in _FULL or "No space left" in str(cause):
            return (
                f"the disk is full{where}: make room (data/05_model_input and old "
                "versions in data/04_feature/augmented may be deleted), and "
                f"{_SAME}."
            )
        if cause.errno in _REFUSED:
            return f"{cause.strerror}{where}: make it writable, and {_SAME}."
    return None


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error itself, what it was raised from, and so on."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
