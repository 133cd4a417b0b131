"""Finds the benches: every file bench_NAME.py beside this one, which has

NAME         as on the command line and in the JSON lines
WHAT         what it measures, in one line
run(lab)     measures and returns the rows, one JSON object each
table(rows)  the same for people, in Markdown
"""

import importlib
import pathlib


def load():
    """Returns the benches by their names, in the order of these."""
    files = sorted(pathlib.Path(__file__).parent.glob("bench_*.py"))
    found = [importlib.import_module(file.stem) for file in files]
    return {bench.NAME: bench for bench in found}


def markdown(columns, rows):
    """A table of rows, which are lists of text; the first column is to the left, others right."""
    widths = [max(len(text) for text in column) for column in zip(columns, *rows)]
    lines = [columns, ["-" * width for width in widths], *rows]
    return "\n".join(
        "| " + " | ".join(text.ljust(width) if i == 0 else text.rjust(width)
                          for i, (text, width) in enumerate(zip(line, widths))) + " |"
        for line in lines)


def subject(row):
    """The subject of a row with its variant."""
    variant = [f"{name} {row[name]}" for name in ("batch", "send") if name in row]
    return " ".join([row["subject"], *variant])


def number(row, name, digits=0):
    """A figure as it stands in a table; what is absent stays empty."""
    return f"{row[name]:,.{digits}f}" if name in row else ""
