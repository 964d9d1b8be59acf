"""A whole cluster in one thread: real product code, servers in memory, time and crashes as a schedule says."""
