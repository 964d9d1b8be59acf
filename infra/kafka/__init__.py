"""Kafka orders and distributes; it does not decide."""
