"""Service requests that people really made, played as reports: who asks, in which town, and whether it went right."""
