"""Whether the peers of a row say the same as ours."""

import csv
import io

from . import measuring

# Cells are compared in every so many-th row, which includes the first and differs from row to row in its columns.
STEP = 23


def compare(entries, results):
    """Notes with each result what its output is, compared with ours."""
    wants_cells = any(entry.compare == "cells" for entry in entries)
    mine, my_text = None, None
    for entry in entries:
        result = results[entry.name]
        if result.problem or not entry.compare:
            continue
        try:
            if result.text is not None:
                digest, text = None, result.text
            else:
                digest, text = measuring.output_of(entry, wants_cells and (entry.ours or entry.compare == "cells"))
        except measuring.Failed as failed:
            result.problem = str(failed)
            continue
        if entry.ours:
            mine, my_text = digest, text
        elif digest == mine:
            result.output = "identical"
        elif entry.compare == "cells":
            result.output = cells(my_text, text)
        else:
            result.output = "DIFFERENT"
        result.text = None


def cells(mine, theirs):
    """How many of the cells in common differ, dates and headings aside."""
    ours, others = rows(mine), rows(theirs)
    if len(ours) != len(others):
        return f"{len(others)} rows, not {len(ours)}"
    differing = looked_at = 0
    for a, b in list(zip(ours, others))[1::STEP]:
        if len(a) != len(b):
            return f"{len(b)} columns, not {len(a)}"
        for left, right in zip(a, b):
            looked_at += 1
            differing += left != right and not is_date(left) and not same_number(left, right)
    return "same cells" if differing == 0 else f"{differing} of {looked_at} cells differ"


def rows(text):
    return list(csv.reader(io.StringIO(text.decode("utf-8", "replace"), newline="")))


def is_date(text):
    return len(text) == 10 and text[4] == text[7] == "-"


def same_number(left, right):
    """Equal to what a spreadsheet shows: 15 digits."""
    try:
        left, right = float(left), float(right)
    except ValueError:
        return False
    return abs(left - right) <= 1e-9 * max(1.0, abs(left))
