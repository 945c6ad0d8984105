"""What a process no longer needs goes back to the machine."""

from __future__ import annotations

import contextlib
import ctypes
import gc


def give_back() -> None:
    """Collect garbage and let the allocator return what is free: after much work at once most of its pages are half empty,
    and the next such work would be laid on top of them. Does nothing where the C library has no such call."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
