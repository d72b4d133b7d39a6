"""What the providers say of their own interfaces: files of theirs that a checkout may lie beside, and need not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

Described = TypeVar("Described")


def own_or_skip(providers_own: Callable[[], Described | None], path: Path) -> Described:
    """Return the provider's own description; where no copy of it is, skip the test and say what is checked still."""
    description = providers_own()
    if description is None:
        pytest.skip(
            f"compares with the provider's own machine-readable description ({path.name}), which is the provider's "
            "and no part of this repository; the rules written by hand in tests/fakes are always checked. With a copy "
            f"of your own, let BALDOSA_SHARED name the folder that holds {path.parent.name}/{path.name}"
        )
    return description
