"""Documents with labelled spans, and reading and writing them in files of many formats."""
