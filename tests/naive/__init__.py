"""A second model of the books, written to be obvious: it shares no code with the first, and reads stored JSON."""
