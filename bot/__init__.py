"""The machine that holds conversations, and the process that runs it."""
