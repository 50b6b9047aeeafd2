"""Import of exports through mappings: formats, expressions, duplicates, conflicts and rows set aside."""
