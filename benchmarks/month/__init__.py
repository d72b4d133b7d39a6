"""A simulated month of a city: citizens, officials, vandals and a troubled provider, on a clock that jumps."""
