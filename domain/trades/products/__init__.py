"""What each product makes of its terms: the economics that the books record."""
