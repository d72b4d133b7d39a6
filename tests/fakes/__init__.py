"""Other people's servers, as strict as the real ones: real HTTP on loopback, never a mock of our own code."""

from __future__ import annotations
