"""Ctrl-C while the library works: it is answered soon, and nothing breaks."""

import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import small

import neuroai as na
from neuroai import task as _task
from neuroai._interrupt import Bar, abandonable, deferred_interrupt, to_its_end

#: What a child process has before the call that is interrupted.
SETUP = """
import signal, sys, time
sys.path.insert(0, sys.argv[1])
import numpy as np
from conftest import small
import neuroai as na
def large(n=200, **how):
    net = na.Network(dt=20).input("stimulus", 3).output("choice", 3)
    net.population("E", n * 4 // 5, +1, noise=.1).population("I", n // 5, -1, noise=.1)
    net.connect("stimulus", "E I").connect("E I", "E I").connect("E", "choice")
    return net.build(**how)
net = large()
task = na.tasks.PerceptualDecisionMaking(stimulus=500)
"""


def press(call, setup="", after="pass", seconds=0.6):
    """Interrupts ``call`` in a process of its own; what it printed afterwards, and the seconds until it ended."""
    lines = [SETUP, setup, "print('ready', flush=True)", "try:", textwrap.indent(call, "    ")]
    lines += ["except KeyboardInterrupt as stop:", "    print('stopped', flush=True)", textwrap.indent(after, "    ")]
    program = "\n".join([*lines, "else:", "    print('not stopped')"])
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(Path(__file__).resolve().parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    try:
        assert process.stdout.readline() == "ready\n", process.stderr.read()
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        assert process.stdout.readline() == "stopped\n", process.stderr.read()
        took = time.monotonic() - started
        out, err = process.stdout.read(), process.stderr.read()
        process.wait(30)
    finally:
        watchdog.cancel()
        process.kill()
    assert process.returncode == 0 and "gnored" not in err and "Traceback" not in err, err
    return out, took


#: Loaded machines are slow; without an answer each of these goes on for a minute and more.
SOON = 3.0


#: One update that takes ten seconds where Ctrl-C is not answered: many long trials of a large network.
HUGE = """
net = large(1000)
trials = na.Trials(np.zeros((300, 300, 3)), np.zeros((300, 300), int))
trainer = na.Trainer(net, cost=na.CrossEntropy("choice"), rule=na.{rule})
few = na.Trials(np.ones((5, 2, 3)), np.ones((5, 2), int))
trainer.step(few)
before = {{end: net.weights(*end).copy() for end in net.projections}}, trainer.updates
"""


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        ("trainer.step(trials)", "BPTT()"),
        ("trainer.gradient(trials)", "RFLO(seed=1)"),
        ("na.alignment(trainer, trials)", "RFLO(seed=1)"),
    ],
)
def test_one_large_update_ends_and_nothing_has_changed(call, rule):
    out, took = press(
        call,
        setup=HUGE.format(rule=rule),
        after="""
same = all((net.weights(*end) == weights).all() for end, weights in before[0].items())
print(same, trainer.updates == before[1], len(trainer.history.loss) == 1)
trainer.step(few)
print(trainer.updates == 2)""",
        seconds=1.0,
    )
    assert out == "True True True\nTrue\n"
    assert took < SOON


@pytest.mark.parametrize("how", ["", ", record='I', every=7", ", record=''"])
def test_a_run_ends_and_what_was_recorded_is_there(how):
    out, took = press(
        f"state = net.state(20); state.run(steps=1_000_000{how}, progress=False)",
        after="""
run = stop.run
t, rows = state.time, len(run.time)
print(t > 0, rows == t // run.every, run.outputs["choice"].shape == (rows, 20, 3))
again = net.state(20).run(steps=min(t, 50), record=[*run.rates], every=run.every)
n = len(again.time)
print(all((again.rates[name] == run.rates[name][:n]).all() for name in run.rates))
print(np.isfinite(run.outputs["choice"]).all())
state.run(steps=3); print(state.time == t + 3)
""",
    )
    assert took < SOON and out.split() == ["True"] * 6


EVALUATION = """
e = stop.evaluation
n = len(e.correct)
whole = na.evaluate(net, task, n)
print(0 < n < 3_000_000, (e.correct == whole.correct).all(), (e.choice == whole.choice).all())
print(all((e.conditions[name] == whole.conditions[name]).all() for name in e.conditions))
print((e.right() == whole.right()).all(), e.curve().trials.sum() == n)
"""


@pytest.mark.parametrize("threads", [1, 2])
def test_an_evaluation_ends_and_has_the_trials_that_are_done(threads):
    out, took = press(f"na.evaluate(net, task, 3_000_000, threads={threads}, progress=False)", after=EVALUATION)
    assert took < SOON and out.split() == ["True"] * 6


def test_an_evaluation_of_large_networks_and_long_trials():
    """Not even one block of trials is done."""
    out, took = press(
        "na.evaluate(net, task, 64)",
        "net = large(1000); task = na.tasks.PerceptualDecisionMaking(stimulus=1e5)",
        "e = stop.evaluation; print(len(e.correct), np.isnan(e.performance), list(e.conditions), e)",
    )
    assert took < SOON and out.startswith("0 True ['coherence'") and "of 0 trials" in out


def test_a_picture_that_evaluates():
    out, took = press("na.plot.psychometric(net, task, trials=3_000_000)", "import neuroai.plot", "print(1)")
    assert took < SOON and out == "1\n"


def test_an_evaluation_of_a_users_task_and_from_a_callback():
    """Also while Python generates; and inside of training, of which what was learnt stays."""
    out, took = press(
        """
trainer = na.Trainer(net, task, na.CrossEntropy("choice"), evaluate_every=0)
before = net.weights("E", "E").copy()
trainer.fit(10, progress=False, callback=lambda now: na.evaluate(net, slow, 3_000_000, progress=False) and None)
""",
        """
def generate(batch):
    for trial, draw in batch.generators():
        batch.input[:, trial] = draw.normal(size=(50, 3))
        batch.classes[:, trial] = draw.integers(3)
slow = na.Task(generate, steps=50)
""",
        "print(trainer.updates, (net.weights('E', 'E') != before).any(), hasattr(stop, 'evaluation') or 'generate')",
    )
    assert took < SOON and out.startswith("1 True ")


def test_an_evaluation_while_training():
    """The updates stay; of the evaluation nothing is kept."""
    out, took = press(
        "trainer.fit(3, progress=False)",
        "trainer = na.Trainer(net, task, na.CrossEntropy('choice'), evaluate_every=1, evaluate_trials=3_000_000)",
        "print(trainer.updates, len(trainer.history.performance)); print(trainer.step()['total'] > 0)",
    )
    assert took < SOON and out == "1 0\nTrue\n"


def test_trials_and_a_warm_up():
    out, took = press("task.trials(net, 400_000)", seconds=0.4, after="print(len(task.trials(net, 10)))")
    assert took < SOON and out == "10\n"
    out, took = press("na.Trainer(net, task, na.CrossEntropy('choice'), rule=na.WeightMirror(warm_up=1_000_000))")
    assert took < SOON and out == ""


def arrays(trials):
    """All arrays of trials, as bytes, by name."""
    found = {"lengths": trials.lengths, **trials.conditions, "first": np.array(trials.first)}
    for kind in ("_inputs", "_targets", "_mask"):
        found.update({(kind, name): array for name, array in getattr(trials, kind).items()})
    return {name: (array.shape, array.dtype, np.ascontiguousarray(array).tobytes()) for name, array in found.items()}


def draw(batch):
    for trial, generator in batch.generators():
        batch.length[trial] = length = 3 + generator.integers(20)
        batch.input[:length, trial] = generator.normal(size=(length, 3))
        batch.mask[length:, trial] = 0
        batch.conditions["length"][trial] = length


def fitting(task):
    """A network of the channels that a task has, which its refusals name."""
    channels = {"input": 3, "output": 3}
    while True:
        net = na.Network(dt=20).population("E", 4).output("out", channels["output"]).connect("E", "out")
        if channels["input"]:
            net.input("in", channels["input"]).connect("in", "E")
        try:
            task.trials(net.build(), 1)
            return net
        except na.InvalidError as error:
            number, kind = re.search(r"has (\d+) (input|output) channels", str(error)).groups()
            channels[kind] = int(number)


@pytest.mark.parametrize("name", [*na.tasks.available(), "own"])
def test_trials_that_are_made_in_pieces_are_the_trials(name, monkeypatch):
    """And can be used as those that are made at once."""
    own = na.Task(draw, steps=30, conditions=["length"])
    task = own if name == "own" else na.tasks.named(name)()
    net = fitting(task)
    whole = task.trials(net, 23, seed=3, first=5)
    monkeypatch.setattr(_task, "_PIECE", 4)
    monkeypatch.setattr(_task, "_PIECE_OF_USER", 4)
    made = task.trials(net, 23, seed=3, first=5)
    assert arrays(made) == arrays(whole) and made._has_times == whole._has_times and len(made) == 23
    assert not any(array.flags.writeable for array in (made.lengths, *made._inputs.values(), *made._mask.values()))
    choices = [na.evaluate(net, trials).choice.tolist() for trials in (whole, made)]
    assert choices[0] == choices[1]


def test_trials_of_several_outputs_in_pieces(monkeypatch):
    net = na.Network(20).input("u", 3).population("E", 4).output("a", 1).output("b", 2)
    net.connect("u", "E").connect("E", "a b").build()

    def generate(batch):
        batch.target[...] = np.arange(3)
        batch.mask[...] = batch.first + np.arange(batch.trials)[:, None]

    task = na.Task(generate, steps=5, classes=False, channel_mask=True)
    whole = task.trials(net, 9)
    monkeypatch.setattr(_task, "_PIECE_OF_USER", 2)
    made = task.trials(net, 9)
    assert arrays(made) == arrays(whole) and set(made.targets) == {"a", "b"} and (made.mask["b"][0, :, 1] == np.arange(9)).all()


def test_trials_beyond_the_last_number_are_refused():
    net, task = small(), na.tasks.PerceptualDecisionMaking(stimulus=100)
    for n in (10, 10_000):
        with pytest.raises(na.InvalidError, match="first is .*2.55 less"):
            task.trials(net, n, first=2**60)
    with pytest.raises((na.OutOfMemoryError, na.InvalidError)):
        task.trials(net, 2**58)


def test_a_spectrum_is_left_behind():
    out, took = press("net.spectrum()", "net = large(1200)", "print(len(net.run(steps=2).time))", 0.3)
    assert took < SOON and out == "2\n"


GRAPH = "w = np.random.default_rng(0).gamma(2, 1, (4000, 4000)) * (np.random.default_rng(1).random((4000, 4000)) < .3)"


RATES = """
net = large(1500)
net.run(steps=5, progress=False)
many = np.random.default_rng(0).standard_normal((5000, 5000))
run = net.run(steps=100, record="* *:x", progress=False)  # a step takes some tenths of a second
"""


@pytest.mark.parametrize("call", ["na.graph_measures(w)", "na.small_world(w)"])
def test_measures_of_large_graphs(call):
    pytest.importorskip("sknetwork")
    assert press(call, setup=GRAPH, seconds=4)[1] < SOON


def test_searches_for_communities():
    pytest.importorskip("sknetwork")
    setup = "w = np.random.default_rng(0).random((500, 500))"
    assert press("na.graph_measures(w, searches=10**6)", setup=setup, seconds=4)[1] < SOON


@pytest.mark.parametrize("call", ["na.dimensionality(many)", "na.linearise(run)", "na.lyapunov(net, k=1000)"])
def test_measures_by_lapack(call):
    leave = "import os; sys.stdout.flush(); os._exit(0)"  # else the end waits for LAPACK
    assert press(call, setup=RATES, after=leave, seconds=2)[1] < SOON


def test_a_process_that_is_interrupted_ends_at_once():
    """As Python has it: by the signal, if nobody caught it; and by a second one, if it waits for what it left behind."""
    for catch, code in ((False, -signal.SIGINT), (True, 128 + signal.SIGINT)):
        call = "try: net.spectrum()\nexcept KeyboardInterrupt: print('caught', flush=True)" if catch else "net.spectrum()"
        program = "\n".join([SETUP, "net = large(1200)", "print('ready', flush=True)", call])
        arguments = [sys.executable, "-c", program, str(Path(__file__).resolve().parent)]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.4)
            process.send_signal(signal.SIGINT)
            started = time.monotonic()
            if catch:
                assert process.stdout.readline() == "caught\n"
                time.sleep(0.4)
                process.send_signal(signal.SIGINT)
            assert process.wait(30) == code and time.monotonic() - started < SOON
        finally:
            process.kill()


def test_a_build_is_left_behind_and_its_network_with_it():
    out, took = press(
        "net.radius('*', 1.5); net.build()",
        """
net = na.Network(dt=20).population("E", 1200).output("z", 1)
net.connect("E", "E").connect("E", "z")
""",
        """
for use in (lambda: net.connect("E", "z"), lambda: net.run(steps=2), lambda: net.weights("E", "E"), net.build):
    try: use()
    except na.Error as error: print(error)
del net, use
""",
        0.3,
    )
    assert took < SOON and out.count("net: its build was interrupted, make it again") == 4


def test_files_of_large_networks(tmp_path):
    """Read in a thread of its own; the errors are the same."""
    large = na.Network(dt=20).population("E", 400).output("z", 1).connect("E", "E").connect("E", "z").build()
    large.save(tmp_path / "net")
    assert (na.Network.load(tmp_path / "net").weights("E", "E") == large.weights("E", "E")).all()
    with pytest.raises(na.FileError, match="no such"):
        na.Network.load(tmp_path / "no such")


def test_the_handler_is_as_before_and_a_second_one_helps():
    """Also nested, and where the program has a handler of its own that does not raise."""
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        with deferred_interrupt() as outer, deferred_interrupt() as inner:
            assert outer is inner
            signal.raise_signal(signal.SIGINT)
            inner.check()
            pytest.fail("not reached")
    assert signal.getsignal(signal.SIGINT) is before
    calls = []
    signal.signal(signal.SIGINT, lambda number, frame: calls.append((number, frame)))
    try:
        with deferred_interrupt() as interrupt:
            signal.raise_signal(signal.SIGINT)
            assert not calls
            interrupt.check()
            assert len(calls) == 1 and calls[0][0] == signal.SIGINT and calls[0][1] is not None
            interrupt.check()
            assert len(calls) == 1
        assert len(calls) == 1
        assert small().run(steps=3).state.time == 3
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_users_function_is_interrupted_at_once():
    """Inside of a callback Ctrl-C acts as everywhere in Python, and its exception comes out of the outer call."""
    def generate(batch):
        batch.classes[...] = 1
        signal.raise_signal(signal.SIGINT)
        pytest.fail("not reached")

    net = small()
    with pytest.raises(KeyboardInterrupt):
        na.Task(generate, steps=5).trials(net, 3)
    with pytest.raises(KeyboardInterrupt):
        na.Trainer(net, na.Task(generate, steps=5), na.CrossEntropy("choice")).fit(3, progress=False)


def test_work_that_cannot_be_interrupted_is_left_behind():
    forgotten, go = [], threading.Event()

    def work():
        go.wait(20)
        return "late"

    timer = threading.Timer(0.2, lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGINT))
    timer.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        abandonable(work, forgotten.append)
    assert time.monotonic() - started < 5 and not forgotten
    go.set()
    for _ in range(100):
        if forgotten:
            break
        time.sleep(0.05)
    assert forgotten == ["late"]
    assert abandonable(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        abandonable(lambda: 1 // 0)


def test_other_threads_run_too():
    """Signals are of the main thread; handlers can be set there alone."""
    net, found = small(noise=0.1), []
    worker = threading.Thread(target=lambda: found.append(net.run(steps=50, trials=3)))
    worker.start()
    worker.join(30)
    assert found[0].rates["E"].tobytes() == net.run(steps=50, trials=3).rates["E"].tobytes()


def test_a_bar_appears_after_a_second(capsys, monkeypatch):
    net = small()
    net.run(steps=50)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(Bar, "AFTER", 0.0)
    task = na.tasks.PerceptualDecisionMaking()
    net.run(steps=50, progress=False)
    na.evaluate(net, task, 100, progress=False)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(Bar, "OFTEN", 0.0)
    net.run(steps=50)
    assert "50/50" in capsys.readouterr().err
    na.evaluate(net, task, 100)
    assert "100/100" in capsys.readouterr().err
    monkeypatch.setattr(Bar, "OFTEN", 0.1)
    with Bar(10, "trials") as bar:
        bar._shown -= 1
        bar.at(4)
    assert "10/10" in capsys.readouterr().err
    with pytest.raises(ValueError), Bar(10, "trials") as bar:
        bar._shown -= 1
        bar.at(4)
        raise ValueError
    assert "4/10" in capsys.readouterr().err


@pytest.fixture
def impatient(monkeypatch):
    """Bars that appear at once."""
    monkeypatch.setattr(Bar, "AFTER", -1.0)
    monkeypatch.setattr(Bar, "OFTEN", -1.0)


#: Calls that may take more than a second: what they show, and how.
LONG = {
    "trials": (lambda **how: na.tasks.PerceptualDecisionMaking().trials(small(), 9000, **how), "9000/9000"),
    "own trials": (lambda **how: na.Task(draw, steps=30, conditions=["length"]).trials(small(), 300, **how), "300/300"),
    "run": (lambda **how: small().run(steps=50, **how), "50/50"),
    "state": (lambda **how: small().state().run(steps=50, **how), "50/50"),
    "evaluate": (lambda **how: na.evaluate(small(), na.tasks.PerceptualDecisionMaking(), 100, **how), "100/100"),
    "right": (lambda **how: EVALUATED.right(**how), "300/300"),
    "confusion": (lambda **how: EVALUATED.confusion(**how), "300/300"),
    "picture of confusion": (lambda **how: na.plot.confusion(EVALUATED, **how), "300/300"),
    "psychometric": (
        lambda **how: na.plot.psychometric(small(), na.tasks.PerceptualDecisionMaking(), trials=100, **how),
        "100/100",
    ),
    "fit": (
        lambda **how: na.Trainer(small(), na.tasks.PerceptualDecisionMaking(), na.CrossEntropy("choice")).fit(2, **how),
        "2/2",
    ),
    "warm-up": (
        lambda **how: na.Trainer(small(), cost=na.MSE("choice"), rule=na.WeightMirror(warm_up=50), **how),
        "updates in mirror mode",
    ),
    "build": (lambda **how: wide().build(**how), "building the network"),
    "spectrum": (lambda **how: WIDE.spectrum(**how), "computing the spectrum"),
    "picture of a spectrum": (lambda **how: na.plot.spectrum(WIDE, **how), "computing the spectrum"),
    "save": (lambda **how: WIDE.save("wide", **how), "saving the network"),
    "load": (lambda **how: na.Network.load("wide", **how), "loading the network"),
    "graph": (lambda **how: na.graph_measures(RING, **how), "6/6 [00:"),
    "small world": (lambda **how: na.small_world(RING, nulls=3, **how), "3/3"),
    "dimensionality": (lambda **how: na.dimensionality(MANY, **how), "computing variances"),
    "timescales": (lambda **how: na.timescales(noisy_run(), **how), "16/16"),
    "linearise": (lambda **how: na.linearise(quiet_run(), **how), "9/9"),
    "lyapunov": (lambda **how: na.lyapunov(small(), steps=100, drop=10, **how), "110/110"),
    "table": (lambda **how: na.History(["a"], np.zeros((2000, 5))).to_csv("table", **how), "2000/2000"),
}


RING = np.roll(np.eye(6), 1, axis=0)


MANY = np.random.default_rng(0).standard_normal((1100, 1000))


def noisy_run():
    net = na.Network(20).input("u", 1).population("E", 16, noise=0.1).connect("u", "E").connect("E", "E").build()
    return net.run(na.Trials(np.zeros((25, 60, 1))), progress=False)


def quiet_run():
    return small().run(steps=10, record="* *:x", progress=False)


def wide():
    return na.Network(dt=20).population("E", 500).output("z", 1).connect("E", "E").connect("E", "z")


EVALUATED, WIDE = na.evaluate(small(), na.tasks.PerceptualDecisionMaking(), 300), wide().build()


@pytest.mark.parametrize("name", LONG)
def test_calls_that_may_take_long_show_it(name, impatient, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    WIDE.save("wide", progress=False)
    monkeypatch.setattr(threading.Event, "wait", patient(threading.Event.wait))
    call, shown = LONG[name]
    call(progress=False)
    assert capsys.readouterr().err == ""
    call()
    assert shown in capsys.readouterr().err


def patient(wait):
    """Event.wait, that first has not been set once, as in work that takes a while."""
    seen = set()

    def first_false(event, timeout=None):
        if timeout == 0.1 and event not in seen:
            seen.add(event)
            return False
        return wait(event, timeout)

    return first_false


def test_work_that_must_end_ends_before_an_interrupt_acts():
    ended = []

    def work():
        time.sleep(0.5)
        ended.append(True)

    timer = threading.Timer(0.2, lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        to_its_end(work, "working")
    assert ended == [True]
    assert to_its_end(lambda: 3, "working") == to_its_end(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        to_its_end(lambda: 1 // 0, "working")


def test_a_partial_run_is_of_whole_rows(monkeypatch):
    """Interrupted between two pieces: the rows that are there, no more."""
    net, n = small(noise=0.1), 0

    def interrupted(*arguments):
        nonlocal n
        n += 1
        function(*arguments)
        if n == 4:  # 1 + 2 + 4 + 8 steps at most
            signal.raise_signal(signal.SIGINT)

    from neuroai import _c

    function = _c.nai_state_record
    monkeypatch.setattr(_c, "nai_state_record", interrupted)
    state = net.state()
    with pytest.raises(KeyboardInterrupt) as stop:
        state.run(np.ones((1000, 3)), every=2)
    run = stop.value.run
    assert 4 <= state.time < 1000 and len(run.time) == state.time // 2
    assert run.inputs["stimulus"].shape == run.outputs["choice"].shape == (state.time // 2, 1, 3)
