"""Statements of custodians and banks held against the books."""
