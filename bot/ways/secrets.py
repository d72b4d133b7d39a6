"""The secrets that a pack names."""

from __future__ import annotations

from collections.abc import Mapping

from routing.deliveries.report import UndeliveredError


def require_secret(secrets: Mapping[str, str], name: str) -> str:
    """The secret of this name, "" for no name; raises UndeliveredError with the variable that is missing."""
    if name and name not in secrets:
        raise UndeliveredError(f"BALDOSA_SECRET_{name} is not set")
    return secrets[name] if name else ""
