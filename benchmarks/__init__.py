"""How fast the bot is, always beside a named peer in the same run: `python -m benchmarks`."""
