"""The results of all benches as one table: how near the limit, and how far from the fastest rival.

    python tests/bench/table.py build/bench.json
"""

import json
import sys


def time_of(result):
    ms = result["ours_ms"]
    return f"{ms:.2f} ms" if ms >= 0.1 else f"{ms * 1e3:.2f} us"


def limit_of(result):
    """A share of what one core, or its memory, can do at most."""
    for key, what in (("peak_fraction", "arithmetic"), ("bandwidth_fraction", "bandwidth")):
        if key in result:
            return f"{100 * result[key]:.0f} % of {what}"
    if "memory_ratio" in result:
        return f"{result['memory_ratio']:.2f} times the memory that lists need"
    return f"{result['whole_ms'] / result['ours_ms']:.2f} times as fast as whole" if "whole_ms" in result else ""


def threads_of(result, results):
    """How much faster than the same in one thread."""
    one = [other for other in results if other["name"] == result["name"] and other["threads"] == 1]
    if result["threads"] == 1 or not one:
        return ""
    return f"; {one[0]['ours_ms'] / result['ours_ms']:.2f} times as fast as one thread"


def rival_of(result):
    rivals = result.get("rivals") or {}
    if not rivals:
        return ""
    name = min(rivals, key=lambda rival: rivals[rival]["ms"])
    return f"{rivals[name]['ratio']:.2f} times as fast as {name} {rivals[name].get('version', '')}".rstrip()


def main(path):
    with open(path) as file:
        results = json.load(file)
    rows = [("workload", "threads", "time", "limit", "fastest rival")]
    for r in results:
        limit = limit_of(r) + threads_of(r, results)
        rows.append((r["name"], str(r["threads"]), time_of(r), limit, rival_of(r)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())


if __name__ == "__main__":
    main(sys.argv[1])
