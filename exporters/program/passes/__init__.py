"""The way from a NIR graph to a program: one pass a file, run in the order of `program.lower`."""
