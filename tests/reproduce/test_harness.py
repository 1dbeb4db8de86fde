"""The harness of `make reproduce`: what runs, what is kept, what fails, what the tables say; measures of graphs."""

import importlib
import os
import re
import signal as signals
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import graph  # noqa: E402
import harness  # noqa: E402
import kept  # noqa: E402
import page  # noqa: E402
import run  # noqa: E402
import running  # noqa: E402
from harness import ANOTHER, AUTHORS, CLOSE, FAILED, LEVELS, MET, NOT, NOT_RUN, OURS, PUBLISHED, TOO_SHORT  # noqa: E402
from samples import counted, dies, lacks, raises, three_times  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
SENTENCE = run.SENTENCE


def judge(values, quick):
    values = [value["value"] for value in values]
    return harness.Result(harness.spread(values), harness.grade(harness.median(values), (6, 6), (5, 7)))


def row(name, measure, judge=judge, seeds=3, compared_with=PUBLISHED, **options):
    if compared_with != OURS:
        options = {"reference": "1.0", "source": "its abstract", **options}
    return harness.Row(name, "A paper", "A claim", compared_with, "median 6", measure, judge, seeds=seeds, **options)


@pytest.fixture
def store(tmp_path):
    return kept.Kept(tmp_path / "kept")


def results(store, *rows, **options):
    return {row.name: result for row, result, _ in running.run_rows(rows, store, processes=2, **options)}


# --- verdicts --------------------------------------------------------------------------------------------------------


def result(level, quick=False):
    return harness.Result("", level, quick=quick)


def test_only_what_has_a_reference_from_outside_can_be_reproduced():
    for kind in harness.KINDS:
        words = [harness.verdict_of(row("a", raises, compared_with=kind), result(level)) for level in LEVELS]
        assert len(set(words)) == 3
        assert ("reproduced" in words) == (kind in (PUBLISHED, AUTHORS))
        assert any("reproduced" in word for word in words) == (kind in (PUBLISHED, AUTHORS))
    ours = {harness.verdict_of(row("a", raises, compared_with=OURS), result(level)) for level in LEVELS}
    another = {harness.verdict_of(row("a", raises, compared_with=ANOTHER), result(level)) for level in LEVELS}
    published = {harness.verdict_of(row("a", raises), result(level)) for level in LEVELS}
    assert not ours & another and not ours & published and not another & published


@pytest.mark.parametrize("level", ["reproduced", "close enough", ""])
def test_a_judge_does_not_choose_the_word(level):
    for kind in harness.KINDS:
        with pytest.raises(ValueError, match="its level is"):
            harness.verdict_of(row("a", raises, compared_with=kind), result(level))


def test_a_row_says_what_it_is_compared_with():
    with pytest.raises(ValueError, match="must be one of published, authors' program, another program, ours"):
        row("a", raises, compared_with="a feeling")
    for kind in (PUBLISHED, AUTHORS, ANOTHER):
        for missing in ({"source": ""}, {"reference": ""}):
            with pytest.raises(ValueError, match="needs a reference and its source"):
                row("a", raises, compared_with=kind, **missing)
    for given in ({"source": "a paper"}, {"reference": "1.0"}):
        with pytest.raises(ValueError, match="neither reference nor source"):
            row("a", raises, compared_with=OURS, **given)


def test_the_summary_counts_apart_what_has_no_reference_from_outside():
    rows = [row(f"{kind} {level}", raises, compared_with=kind) for kind in harness.KINDS for level in LEVELS]
    levels = {f"{kind} {level}": result(level) for kind in harness.KINDS for level in LEVELS}
    assert page.counts(rows, levels) == {
        "outside": {"reproduced": 2, "close": 2, "not reproduced": 2},
        "another": {"agrees": 1, "nearly agrees": 1, "disagrees": 1},
        "ours": {"holds": 1, "nearly holds": 1, "does not hold": 1},
    }
    said = page.summary(rows, levels)
    assert said.startswith("Of 12 claims, 6 are compared with what the authors printed or with their program")
    assert SENTENCE.fullmatch(said)
    ours = [row("a", raises, compared_with=OURS), row("b", raises, compared_with=ANOTHER)]
    assert "(reproduced 0, close 0, not reproduced 0)" in page.summary(ours, {"a": result(MET), "b": result(MET)})
    assert page.counts(ours, {})["ours"] == {"holds": 0, "nearly holds": 0, "does not hold": 0, NOT_RUN: 1}


def test_a_quick_run_says_so(store):
    found = results(store, row("a", three_times, quick_seeds=2), quick=True)
    assert harness.verdict_of(row("a", three_times), found["a"]) == "close (quick)" and found["a"].seeds == 2
    exact = row("b", three_times, lambda values, quick: harness.Result("", MET))
    assert harness.verdict_of(exact, results(store, exact, quick=True)["b"]) == "met (quick)"
    short = row("c", three_times, lambda values, quick: harness.Result("", TOO_SHORT), seeds=1)
    assert harness.verdict_of(short, results(store, short, quick=True)["c"]) == "too short to tell (quick)"
    assert harness.verdict_of(short, results(store, short)["c"]) == "not reproduced"


# --- running ---------------------------------------------------------------------------------------------------------


def test_rows_are_judged_by_all_their_seeds(store):
    found = results(store, row("a", three_times), row("b", three_times, seeds=2))
    assert found["a"].values == [{"value": 3}, {"value": 6}, {"value": 9}]
    assert (found["a"].ours, found["a"].level, found["a"].seeds) == ("6 (3 - 9)", MET, 3)
    assert found["b"].level == NOT and found["b"].values == [{"value": 3}, {"value": 6}]


def test_failures_are_shown_and_lose_nothing_else(store):
    broken = row("c", three_times, lambda values, quick: values[17])
    found = results(store, row("a", raises), row("b", dies, seeds=1), broken, row("d", three_times))
    assert [found[name].level for name in "abcd"] == [FAILED, FAILED, FAILED, MET]
    assert "seed 2: ArithmeticError: no such number" in found["a"].ours
    assert "exit code 7" in found["b"].ours and "IndexError" in found["c"].ours


def test_what_a_user_did_not_bring_is_said(store, tmp_path):
    rows = [row("a", lacks, draw=lambda values, quick: 1 / 0)]
    result = results(store, *rows)["a"]
    assert (result.ours, harness.verdict_of(rows[0], result)) == ("no data: bring some", NOT_RUN)
    assert harness.verdict_of(rows[0], results(store, *rows, quick=True)["a"]) == NOT_RUN
    page.save_figure(rows[0], result, tmp_path / "figures")
    assert not (tmp_path / "figures").exists() and result.note == ""
    text = page.markdown(rows, {"a": result})
    assert "| 1.0 | no data: bring some |  | not run |  |" in text and "Not run: no data: bring some." in text


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_what_ended_is_not_run_again(store, tmp_path, monkeypatch):
    monkeypatch.setenv("REPRODUCE_TEST", str(tmp_path))
    times = lambda: Counter(path.name[0] for path in tmp_path.glob("[0-9].*"))  # noqa: E731
    results(store, row("a", counted, seeds=2))
    assert times() == {"1": 1, "2": 1}
    (tmp_path / "fail 3").touch()
    assert results(store, row("a", counted, seeds=4))["a"].level == FAILED
    assert times() == {"1": 1, "2": 1, "3": 1, "4": 1}
    (tmp_path / "fail 3").unlink()
    found = results(store, row("a", counted, seeds=4))["a"]
    assert times() == {"1": 1, "2": 1, "3": 2, "4": 1}, "only what failed runs again"
    assert [value["value"] for value in found.values] == [1, 2, 3, 4] and found.current
    # A short run is another one.
    results(store, row("a", counted, quick_seeds=1), quick=True)
    assert times()["1"] == 2
    # A damaged file is as good as none.
    next(store.folder.glob("whole/*.counted/2.json")).write_text("{")
    results(store, row("a", counted, seeds=2))
    assert times() == {"1": 2, "2": 2, "3": 2, "4": 1}


def test_a_changed_row_or_library_runs_anew_and_is_marked_until_then(store, monkeypatch):
    only = row("a", three_times)
    results(store, only)
    assert store.current(three_times, 1, False) and running.needed([only], False, None, store) == []
    monkeypatch.setattr(kept, "library", lambda: "another")
    kept.key.cache_clear()
    try:
        assert len(running.needed([only], False, None, store)) == 3
        stale = running.result_of(only, store, False)
        assert stale.level == MET and not stale.current and stale.made_by != ["another"]
    finally:
        kept.key.cache_clear()


def test_not_to_be_run_does_not_undo_that_it_was(store):
    ran = {"kind": "value", "value": 1, "seconds": 1, "date": "", "key": "", "library": ""}
    lacking, failed = {**ran, "kind": "not run", "value": "no data"}, {**ran, "kind": "failed"}
    store.put(lacks, 1, False, failed)
    store.put(lacks, 1, False, lacking)
    assert store.get(lacks, 1, False) == lacking
    store.put(lacks, 1, False, ran)
    store.put(lacks, 1, False, lacking)
    assert store.get(lacks, 1, False) == ran


PROGRAM = '''
"""A paper."""
import layers
from harness import Row
FACTOR = 3
TABLE = {"factor": FACTOR}
OTHER = 1
def helper(seed):
    """What it does."""
    return seed * TABLE["factor"]  # a comment
def measure(seed, quick):
    return helper(seed)
def judge(values, quick):
    return OTHER
ROWS = [Row("claim", measure, judge)]
'''


@pytest.mark.parametrize(
    "old, new, differs",
    [
        ("FACTOR = 3", "FACTOR = 4", True),
        ("return helper(seed)", "return helper(seed + 1)", True),
        ("seed * TABLE", "seed + TABLE", True),
        ("# a comment", "# another", False),
        ("What it does.", "What it did.", False),
        ("A paper.", "Another paper.", False),
        ("OTHER = 1", "OTHER = 2", False),
        ('"claim"', '"another claim"', False),
        ("    return OTHER", "    return 0", False),
        ("import layers\n", "", False),
        ("return helper(seed)", "return layers.chain(helper(seed))", True),
    ],
)
def test_the_key_is_of_what_a_measure_needs(tmp_path, old, new, differs):
    found = []
    for place, text in (("first", PROGRAM), ("second", PROGRAM.replace(old, new))):
        assert old in PROGRAM
        path = tmp_path / place / "paper.py"
        path.parent.mkdir()
        path.write_text(text)
        module = type(sys)("paper")
        module.__file__ = str(path)
        module.measure = type(three_times)(three_times.__code__, {}, "measure")
        module.measure.__module__ = "paper"
        sys.modules["paper"] = module
        found.append(kept.program(module.measure))
        del sys.modules["paper"]
    assert (found[0] != found[1]) == differs


def test_the_key_is_of_the_files_that_a_measure_imports():
    import akrout2019
    import lillicrap2016

    for measure in (akrout2019.measure, lillicrap2016.measure_digits):
        assert "one_hot" in kept.program(measure) and "big-endian" not in kept.program(measure)
        assert "'REPRODUCE_MNIST'" in kept.program(measure), "so that other images make another key"
    assert "judge" not in kept.program(akrout2019.measure)


@pytest.mark.parametrize("paper", run.PAPERS)
def test_no_measure_needs_the_text_of_the_rows(paper):
    """A name that the list of rows binds, as that of a comprehension, is one more name that a measure may use."""
    for one in importlib.import_module(paper).ROWS:
        assert "Name(id='ROWS'" not in kept.program(one.measure), one.name


def test_the_key_is_not_of_variables_that_are_called_as_names_of_the_program(monkeypatch):
    import goudar2023

    found = []
    for shell in ("/usr/bin/make", "/usr/bin/python"):
        monkeypatch.setenv("_", shell)
        kept.key.cache_clear()
        found.append(kept.key(goudar2023.measure_problems, "a library"))
    assert "Name(id='_'" in kept.program(goudar2023.measure_problems) and found[0] == found[1]


def test_the_key_is_of_the_environment_that_a_measure_reads(monkeypatch):
    import yang2019

    monkeypatch.delenv("REPRODUCE_YANG_UPDATES", raising=False)
    kept.key.cache_clear()
    before, other = kept.key(yang2019.measure), kept.key(three_times)
    monkeypatch.setenv("REPRODUCE_YANG_UPDATES", "10")
    kept.key.cache_clear()
    assert kept.key(yang2019.measure) != before and kept.key(three_times) == other
    kept.key.cache_clear()


# --- how long is left ------------------------------------------------------------------------------------------------


def test_how_long_is_left(capsys):
    jobs = [running.Job(three_times, seed, False, 600, started=0) for seed in range(4)]
    progress = running.Progress(jobs, 2, True)
    assert "0 % of 4 runs" in capsys.readouterr().err
    progress.ended(jobs[0])
    progress._bar.start_t -= 300  # 300 s for a quarter of it: as much three times more
    progress.update([])
    assert "25 % of 4 runs" in (said := capsys.readouterr().err) and "about 15:0" in said
    progress.write("a row")
    assert "a row" in capsys.readouterr().out
    progress.close()


def test_what_takes_longest_starts_first(store):
    long, short = row("long", raises, minutes=5), row("short", three_times, minutes=1)
    assert [job.seconds for job in running.needed([short, long], False, None, store)] == [300] * 3 + [60] * 3
    record = {"kind": "value", "value": 1, "seconds": 1000, "date": "", "key": "old", "library": ""}
    store.put(three_times, 2, False, record)
    first = running.needed([short, long], False, None, store)[0]
    assert (first.measure, first.seed, first.seconds) == (three_times, 2, 1000), "by how long it took the last time"


# --- the page --------------------------------------------------------------------------------------------------------


def test_tables(store):
    rows = [row("a", three_times), row("b", three_times), row("c", three_times, compared_with=OURS)]
    found = results(store, rows[0])["a"]
    found.seconds = 2
    text = page.markdown(rows, {"a": found, "c": found})
    assert "| A paper | A claim | published | 1.0 | 6 (3 - 9) | 3 | reproduced | 2 |" in text
    assert "| A paper | A claim | published | 1.0 |  |  | not run |  |" in text
    assert "| A paper | A claim | ours | none | 6 (3 - 9) | 3 | holds | 2 |" in text
    assert "Compared with: published, 1.0 (its abstract). Reproduced means: median 6." in text
    assert "Compared with: ours, no reference. Holds means: median 6." in text
    assert page.summary(rows, {"a": found, "c": found}) in text


def test_docs_are_written_only_of_all_rows(store, tmp_path, monkeypatch):
    (tmp_path / "docs").mkdir()
    for name in ("README.md", "CHANGELOG.md"):
        (tmp_path / name).write_text("- Results:\n  Of 2 claims, none (a), none\n  (b), none (c). More.\n")
    monkeypatch.setattr(run, "ROOT", tmp_path)
    rows, build = [row("a", three_times), row("b", raises, compared_with=OURS)], tmp_path / "build"
    build.mkdir()
    results(store, *rows)
    path, missing, stale = run.write(rows, store, False, build)
    assert (path, missing, stale) == (build / "reproduced.md", ["b"], []) and not list((tmp_path / "docs").iterdir())
    assert "failed" in path.read_text()
    record = store.get(three_times, 2, False)
    store.put(three_times, 2, False, {**record, "key": "of old"})
    path, missing, stale = run.write(rows[:1], store, False, build)
    assert (path, missing, stale) == (tmp_path / "docs" / "reproduced.md", [], ["a"])
    sentence = page.summary(rows[:1], {"a": running.result_of(rows[0], store, False)})
    for name in ("README.md", "CHANGELOG.md"):
        said = (tmp_path / name).read_text()
        assert SENTENCE.search(said) and sentence in " ".join(said.split()) and said.endswith(" More.\n")
        assert max(map(len, said.splitlines())) <= 140


def test_every_row_can_be_shown():
    rows = run.all_rows()
    assert len({row.name for row in rows}) == len(rows) >= 20
    assert {row.name.split(".")[0] for row in rows} <= set(run.PAPERS)
    assert all(row.tolerance and row.quick_seeds <= row.seeds for row in rows)
    assert all(kept.program(row.measure) for row in rows)
    with pytest.raises(SystemExit, match="no row is called 'nobody'"):
        run.chosen(rows, ["nobody"])


def documented():
    """The table of docs/reproduced.md: a list of fields for each row."""
    lines = (ROOT / "docs" / "reproduced.md").read_text(encoding="utf-8").splitlines()
    table = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if re.match(r"\| [^-]", line)]
    assert tuple(cell.strip() for cell in table[0]) == page.COLUMNS
    return [dict(zip(page.COLUMNS, (cell.strip() for cell in line))) for line in table[1:]]


def test_the_page_calls_nothing_reproduced_that_has_no_reference_from_outside():
    for found in documented():
        assert found["verdict"] in harness.VERDICTS[found["compared with"]].values()
        assert (found["reference"] == "none") == (found["compared with"] == OURS)
        if "reproduced" in found["verdict"] or found["verdict"] == CLOSE:
            assert found["compared with"] in harness.OUTSIDE and found["reference"]


def test_page_readme_and_changelog_say_the_same():
    text = (ROOT / "docs" / "reproduced.md").read_text(encoding="utf-8")
    sentence = SENTENCE.search(text).group()
    for name in ("README.md", "CHANGELOG.md"):
        said = SENTENCE.search((ROOT / name).read_text(encoding="utf-8"))
        assert said and " ".join(said.group().split()) == sentence, f"{name} should say: {sentence}"
    # And that is what the table of the page has.
    rows = documented()
    groups = Counter("outside" if row["compared with"] in harness.OUTSIDE else row["compared with"] for row in rows)
    total, outside, another, ours = (int(number) for number in re.findall(r"(?:Of|,|and) (\d+) (?=[cahw])", sentence))
    assert (total, outside, another, ours) == (len(rows), groups["outside"], groups[ANOTHER], groups[OURS])
    for verdict, count in Counter(row["verdict"] for row in rows).items():
        assert re.search(rf"[(,] ?{verdict} {count}[,)]", sentence), (verdict, count)


@pytest.mark.parametrize("signal", ["SIGINT", "SIGTERM"])
def test_an_interrupted_run_goes_on(tmp_path, signal):
    """The whole program, stopped in its second seed."""
    program = """
        import pathlib, sys
        sys.path.insert(0, {here!r}); sys.path.insert(0, {own!r})
        import harness, run, slow
        run.all_rows = lambda: slow.ROWS
        run.ROOT = pathlib.Path({own!r})
        sys.argv = ["run.py", "--jobs", "1", "--build", {own!r}]
        if __name__ == "__main__":
            sys.exit(run.main())
        """
    slow = """
        import time, pathlib
        from harness import MET, OURS, Result, Row
        def measure(seed, quick):
            if seed == 2 and not pathlib.Path({own!r}, "go on").exists():
                pathlib.Path({own!r}, "waits").touch()
                time.sleep(60)
            return seed
        ROWS = [Row("slow.row", "A paper", "A claim", OURS, "any", measure,
                    lambda values, quick: Result(str(values), MET), seeds=2)]
        """
    own = str(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").touch()
    (tmp_path / "CHANGELOG.md").touch()
    (tmp_path / "slow.py").write_text(textwrap.dedent(slow).format(own=own))
    main = tmp_path / "main.py"
    text = textwrap.dedent(program).format(here=str(Path(__file__).parent), own=own)
    main.write_text(text)
    process = subprocess.Popen([sys.executable, str(main)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if (tmp_path / "waits").exists() or process.poll() is not None:
            break
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            pass
    process.send_signal(signals.Signals[signal])
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "the same command goes on from here" in out, err
    assert (tmp_path / "whole" / "slow.measure" / "1.json").exists()
    (tmp_path / "go on").touch()
    again = subprocess.run([sys.executable, str(main)], capture_output=True, text=True, timeout=60)
    assert again.returncode == 0 and "holds" in again.stdout and "of 1 runs" in again.stderr, again.stderr
    assert (tmp_path / "docs" / "reproduced.md").exists()


def test_measures_of_graphs():
    graph.check()
