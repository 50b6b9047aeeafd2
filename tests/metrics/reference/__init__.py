"""A second implementation of the definitions, in plain Python, to hold the SQL models against.

Written from the definitions and decisions alone, without a look at the SQL: loops over dictionaries, no tables. Where
the definitions leave a choice, it takes the one that the documentation states. Slow and literal on purpose.
"""
