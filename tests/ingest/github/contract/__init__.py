"""GitHub's published descriptions of what we ask, cut down to that: see SOURCE.txt."""
