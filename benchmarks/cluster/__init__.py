"""Speed of the whole on real servers, in one run, against the drivers alone."""
