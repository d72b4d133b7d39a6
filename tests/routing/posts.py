"""Real posts of residents, which are no part of the project: what needs them is skipped where they are absent."""

from __future__ import annotations

import csv
import os
from pathlib import Path

SHARED = Path(os.environ.get("BALDOSA_SHARED", Path(__file__).parents[2].parent / "shared"))
POSTS = SHARED / "geo" / "requests" / "vicente_lopez_posts_dev.csv"
ABSENT = "needs real posts, which are no part of the project"


def read_posts() -> list[str]:
    """The words of every post."""
    with POSTS.open(encoding="utf-8") as file:
        return [row["text"] for row in csv.DictReader(file)]
