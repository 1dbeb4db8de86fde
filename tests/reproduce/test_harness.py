"""The harness of `make reproduce`: what runs, what fails, what the tables say; and the measures of graphs."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import graph  # noqa: E402
import harness  # noqa: E402
import run  # noqa: E402


def three_times(seed, quick):
    return {"value": 3 * seed + quick}


def raises(seed, quick):
    if seed == 2:
        raise ArithmeticError("no such number")
    return 1


def dies(seed, quick):
    os._exit(7)


def lacks(seed, quick):
    raise harness.NotRun("no data: bring some")


def judge(values, quick):
    values = [value["value"] for value in values]
    return harness.Result(harness.spread(values), harness.grade(harness.median(values), (6, 6), (5, 7)))


def row(name, measure, judge=judge, seeds=3, **options):
    return harness.Row(name, "A paper", "A claim", "1.0", "median 6", measure, judge, seeds=seeds, **options)


def results(*rows, **options):
    return {row.name: result for row, result in harness.run_rows(rows, processes=2, **options)}


def test_rows_are_judged_by_all_their_seeds():
    found = results(row("a", three_times), row("b", three_times, seeds=2))
    assert found["a"].values == [{"value": 3}, {"value": 6}, {"value": 9}]
    assert (found["a"].ours, found["a"].verdict, found["a"].seeds) == ("6 (3 - 9)", harness.REPRODUCED, 3)
    assert found["b"].verdict == harness.NOT and found["b"].values == [{"value": 3}, {"value": 6}]


def test_a_quick_run_says_so():
    found = results(row("a", three_times, quick_seeds=2), quick=True)
    assert harness.verdict_of(found["a"]) == "close (quick)" and found["a"].seeds == 2
    exact = row("b", three_times, lambda values, quick: harness.Result("", harness.REPRODUCED))
    assert harness.verdict_of(results(exact, quick=True)["b"]) == "agrees (quick)"


def test_failures_are_shown():
    broken = row("c", three_times, lambda values, quick: values[17])
    found = results(row("a", raises), row("b", dies, seeds=1), broken)
    assert [found[name].verdict for name in "abc"] == [harness.FAILED] * 3
    assert "seed 2: ArithmeticError: no such number" in found["a"].ours
    assert "exit code 7" in found["b"].ours and "IndexError" in found["c"].ours


def test_what_a_user_did_not_bring_is_said(tmp_path):
    rows = [row("a", lacks, draw=lambda values, quick: 1 / 0)]
    result = results(*rows)["a"]
    assert (result.ours, harness.verdict_of(result)) == ("no data: bring some", harness.NOT_RUN)
    assert harness.verdict_of(results(*rows, quick=True)["a"]) == harness.NOT_RUN
    harness.save_figure(rows[0], result, tmp_path)
    assert not list(tmp_path.iterdir()) and result.note == ""
    page = harness.markdown(rows, {"a": result})
    assert "| 1.0 | no data: bring some |  | not run |  |" in page and "Not run: no data: bring some." in page
    # What was run once stays, and what comes later counts.
    ran, failed = harness.Result("6", harness.CLOSE, name="a"), harness.Result("", harness.FAILED, name="a")
    assert harness.keep({}, result) == {"a": result} == harness.keep({"a": failed}, result)
    assert harness.keep({"a": ran}, result) == {"a": ran} and harness.keep({"a": result}, ran) == {"a": ran}


def test_tables(tmp_path):
    rows = [row("a", three_times), row("b", three_times)]
    kept = tmp_path / "deep" / "results.json"
    harness.save_results(kept, {"a": results(rows[0])["a"]})
    page = harness.markdown(rows, harness.load_results(kept))
    assert "| A paper | A claim | 1.0 | 6 (3 - 9) | 3 | reproduced |" in page
    assert "| A paper | A claim | 1.0 |  |  | not run |  |" in page and "Reproduced means: median 6." in page
    assert harness.load_results(tmp_path / "none.json") == {}


def test_every_row_can_be_shown():
    rows = run.all_rows()
    assert len({row.name for row in rows}) == len(rows) >= 20
    assert {row.name.split(".")[0] for row in rows} == set(run.PAPERS)
    assert all(row.tolerance and row.published and row.quick_seeds <= row.seeds for row in rows)
    with pytest.raises(SystemExit, match="no row is called 'nobody'"):
        run.chosen(rows, ["nobody"])


def test_measures_of_graphs():
    graph.check()
