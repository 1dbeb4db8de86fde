"""Spikes of a run as events, and measures of spike trains whose values are known."""

import copy
import pickle
import signal
import tracemalloc

import numpy as np
import pytest

import neuroai as na


class Izhikevich(na.Model):
    parameters = {"a": (0.02, "1/ms"), "b": (0.2, "1/ms"), "c": (-65, "mV"), "d": (8, "mV/ms")}
    states = {"v": -65, "u": -13}
    ports = ["current"]
    signals = ["spike"]
    spikes = True

    def step(self, s):
        s.v += s.dt * (0.04 * s.v**2 + 5 * s.v + 140 - s.u + s.current)
        s.u += s.dt * s.a * (s.b * s.v - s.u)
        fired = s.v >= 30
        s.spike[:] = fired
        s.v[:] = np.where(fired, s.c, s.v)
        s.u += fired * s.d


@pytest.fixture(scope="module")
def net():
    net = na.Network(dt=1).input("in", 1).population("E", 20, +1, model=Izhikevich()).population("R", 3)
    net.population("I", 5, -1, model=Izhikevich(), a=0.1, d=2).output("z", 1)
    net.connect("in", "E I", initial=na.Uniform(2, 20)).connect("E", "I R z", initial=na.Uniform(0, 10))
    return net.connect("I", "E", initial=na.Uniform(-10, 0)).build(1)


def pools_of_spikes(count, seed=0):
    """400 ms of Izhikevich units in one, two or nine populations, which excite and inhibit each other a little."""
    net = na.Network(dt=0.5).input("in", 1).output("z", 1)
    names = (
        ["E0", "I0"][:count]
        if count < 3
        else [f"{kind}{layer}" for layer in range(count // 3) for kind in ("E", "PV", "SST")]
    )
    for name in names:
        sign = 1 if name[0] == "E" else -1
        fast = {} if sign > 0 else {"a": 0.1, "d": 2}
        net.population(name, 40 if sign > 0 else 10, sign, model=Izhikevich(), **fast)
        net.connect("in", name, initial=na.Uniform(5, 15))
    for name in names:
        net.connect(name, names, initial=na.Uniform(0, 1) if name[0] == "E" else na.Uniform(-3, 0))
    net.connect(names[0], "z").build(1)
    u = 1 + 0.9 * np.random.default_rng(seed).standard_normal((800, 1, 1))
    return net.run(u.astype(np.float32))


def given(steps=300, trials=3):
    return np.random.default_rng(0).random((steps, trials, 1), np.float32)


# --- recording -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [1, 7])
@pytest.mark.parametrize("record", [None, "E", "I R", "", "E:v I"])
def test_events_are_what_traces_show(net, record, every):
    whole = net.run(given(), record="E:spike I:spike E:v R")
    run = net.run(given(), record=record, every=every)
    kept = {"E", "I", "R"} if record is None else {name for name in record.split() if ":" not in name}
    assert set(run.spikes) == kept - {"R"} and set(run.rates) == kept
    assert list(run.rates) == [name for name in ("E", "R", "I") if name in kept]
    for name, spikes in run.spikes.items():
        step, trial, unit = np.nonzero(whole.traces[f"{name}:spike"])
        assert len(step) > 50
        assert np.array_equal(spikes.step, step + 1)
        assert np.array_equal(spikes.trial, trial) and np.array_equal(spikes.unit, unit)
        assert run.rates[name].tobytes() == whole.traces[f"{name}:spike"][every - 1 :: every].tobytes()
    if "R" in kept:
        assert run.rates["R"].tobytes() == whole.rates["R"][every - 1 :: every].tobytes()
    if record == "E:v I":
        assert run.traces["E:v"].tobytes() == whole.traces["E:v"][every - 1 :: every].tobytes()
    assert run.outputs["z"].tobytes() == whole.outputs["z"][every - 1 :: every].tobytes()
    if record != "E:v I":  # what is looked at is in a snapshot, too
        assert run.state.snapshot() == net.run(given(), record="").state.snapshot()


def test_a_full_buffer_changes_nothing(net, monkeypatch):
    whole = net.run(given(), record="E I").spikes["I"]
    monkeypatch.setattr("neuroai._recording._SPIKES", 1)
    run = net.run(given(), record="E I").spikes["I"]
    assert (run.step.tolist(), run.unit.tolist()) == (whole.step.tolist(), whole.unit.tolist())


def test_a_run_in_parts_is_the_run(net):
    """Steps count from the start of each run."""
    whole, state = net.run(given()).spikes["E"], net.state(3)
    first, second = state.run(given()[:100]).spikes["E"], state.run(given()[100:], record="E").spikes["E"]
    assert np.array_equal(np.concatenate([first.step, second.step + 100]), whole.step)
    assert np.array_equal(np.concatenate([first.unit, second.unit]), whole.unit)
    assert first.end == 100 and second.end == 200


def test_interventions_and_lengths_of_trials(net):
    run = net.run(given(), record="E I", interventions=na.Silence("E", start=100, end=200))
    during = run.spikes["E"].between(100, 200)
    assert len(during) == 0 and during.rate == 0 and run.spikes["E"].rate > 0
    lengths = np.array([300, 100, 200])
    trials = na.Trials(given(), lengths=lengths)
    spikes = net.run(trials, record="E").spikes["E"]
    counts = [np.sum((spikes.trial == b) & (spikes.step <= lengths[b])) for b in range(3)]
    assert spikes.durations.tolist() == [300, 100, 200]
    assert spikes.rate == pytest.approx(1000 * sum(counts) / (600 * 20))
    assert spikes.count().sum() == sum(counts) and spikes.between(50, 150).durations.tolist() == [100, 50, 100]
    assert spikes.population_count(10).shape == (10, 3)  # while the shortest goes on


def test_dense_rates_are_made_when_asked_for(net):
    run = net.run(given())
    assert run.rates["E"] is not run.rates["E"] and "E" in run.rates and len(run.rates) == 3
    for same in (dict(run.rates), {**run.rates}, dict(run.rates.items()), copy.deepcopy(run.rates)):
        assert {name: array.tobytes() for name, array in same.items()} == {
            name: run.rates[name].tobytes() for name in ("E", "R", "I")
        }
    again = pickle.loads(pickle.dumps(run.rates))
    assert again["I"].tobytes() == run.rates["I"].tobytes()
    assert run.rates.get("Q") is None and run.rates.get("E").shape == (300, 3, 20)
    assert [array.shape for array in run.rates.values()] == [(300, 3, 20), (300, 3, 3), (300, 3, 5)]
    assert repr(run).startswith("<Run: E ") and "spikes, R [300, 3, 3]" in repr(run)
    assert "of 20 units in 3 trials of 300 ms" in repr(run.spikes["E"])
    with pytest.raises(TypeError, match="can only be read"):
        run.rates["E"] = None
    assert len(na.plot.activity(run)) == 3


def test_memory_is_that_of_the_spikes():
    """10^4 units for 10^4 steps would be 400 MB of rates."""
    net = na.Network(dt=1).population("E", 10_000, model=Izhikevich()).output("z", 1)
    net.connect("E", "z", initial=na.Constant(0), plastic=False).build(1)
    tracemalloc.start()
    spikes = net.run(steps=200, record="E", interventions=na.Inject("E", 10, start=50, end=60)).spikes["E"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(spikes) > 0 and peak < 4e6 + 64 * len(spikes)


def test_what_was_recorded_before_an_interrupt_is_there():
    class Interrupting(Izhikevich):
        def step(self, s):
            super().step(s)
            if s.step == 150:
                signal.raise_signal(signal.SIGINT)

    def run(model):
        net = na.Network(dt=1).population("E", 5, model=model).output("z", 1)
        net.connect("E", "z").build(1)
        return net.run(steps=5000, record="E", interventions=na.Inject("E", 10))

    with pytest.raises(KeyboardInterrupt) as stop:
        run(Interrupting())
    found, whole = stop.value.run.spikes["E"], run(Izhikevich()).spikes["E"]
    assert 0 < found.end < 5000 and len(found) > 0
    assert found.step.tolist() == whole.between(0, found.end).step.tolist()


def test_a_network_says_what_spikes(net):
    assert net.spikes("E") and not net.spikes("R")
    with pytest.raises(na.UnknownNameError, match="'Q'"):
        net.spikes("Q")


# --- events ----------------------------------------------------------------------------------------------------------


def few():
    """Unit 0 at 1, 3 and 6 ms, unit 2 at 3 ms of trial 0; unit 1 at 4.5 ms of trial 1; 8 ms."""
    return na.Spikes.from_times([3, 1, 6, 3, 4.5], [0, 0, 0, 2, 1], 3, 8, [0, 0, 0, 0, 1], trials=2, dt=0.5)


def test_what_is_counted():
    spikes = few()
    assert spikes.step.tolist() == [2, 6, 6, 9, 12] and spikes.unit.tolist() == [0, 0, 2, 1, 0]
    assert spikes.times.tolist() == [1, 3, 3, 4.5, 6] and len(spikes) == 5
    assert np.allclose(spikes.rates, [3 / 0.016, 1 / 0.016, 1 / 0.016]) and spikes.rate == pytest.approx(5 / 0.048)
    assert spikes.count().tolist() == [[3, 0, 1], [0, 1, 0]]
    assert spikes.count(4).tolist() == [[[2, 0, 1], [0, 0, 0]], [[1, 0, 0], [0, 1, 0]]]
    assert spikes.population_count(3).tolist() == [[3, 0], [1, 1]]  # what is no whole bin is left out
    assert np.allclose(spikes.population_rate(4)[:, 0], [3 / 0.012, 1 / 0.012])
    assert spikes.bins(4).tolist() == [2, 6] and spikes.train(0).tolist() == [1, 3, 6]
    part = spikes.between(1, 4.5)
    assert part.times.tolist() == [3, 3, 4.5] and part.rate == pytest.approx(3 / 0.021)
    assert part.bins(1.5).tolist() == [1.75, 3.25]  # a bin is after its start, up to its end
    assert part.population_count(1.5).tolist() == [[0, 0], [2, 0]]  # of (1, 2.5], (2.5, 4]
    some = spikes.of([2, 0], trials=0)
    assert some.unit.tolist() == [1, 1, 0, 1] and (some.n, some.trials) == (2, 1)
    masked = spikes.of([True, False, True], trials=[False, True])
    assert np.array_equal(masked.count(), spikes.count()[[1]][:, [0, 2]]) and masked.durations == spikes.durations[1]
    with pytest.raises(na.InvalidError, match=r"units: expected shape \[3\], got \[2\]"):
        spikes.of([True, False])
    assert spikes.rows().shape == (16, 2, 3) and spikes.rows(every=3)[1].tolist() == [[1, 0, 1], [0, 0, 0]]


def test_smoothing_keeps_a_constant_rate_and_the_number_of_spikes():
    steady = na.Spikes(np.arange(1, 201), np.zeros(200, int), 1, 200, 1.0)
    assert np.allclose(steady.population_rate(1, smooth=10), 1000)
    one = na.Spikes([100], [0], 1, 200, 1.0)
    smooth = one.population_rate(1, smooth=5)[:, 0]
    assert smooth.sum() == pytest.approx(1000, rel=1e-6) and smooth.argmax() == 99
    assert smooth[99] == pytest.approx(1000 / (5 * np.sqrt(2 * np.pi)), rel=1e-3)


def test_wrong_events_are_refused():
    for arguments, words in [
        (([1], [3], 3, 8, 1.0), "unit: 3 to 3, must be 0 to 2"),
        (([9], [0], 3, 8, 1.0), "step: 9 to 9, must be 1 to 8"),
        (([1], [0], 3, 8, 1.0, [1]), "trial: 1 to 1, must be 0 to 0"),
        (([1, 2], [0], 3, 8, 1.0), "for 2 spikes"),
        (([1], [0], 3, 8, 0), "dt is 0"),
        (([1], [2**32 + 1], 3, 8, 1.0), "unit: 4294967297 to 4294967297, must be 0 to 2"),
        (([1], [0], 3, 8, 1.0, [2**32]), "trial: 4294967296 to"),
        (([1.5], [0], 3, 8, 1.0), "step: expected whole numbers"),
        (([1], [True], 3, 8, 1.0), "unit: expected whole numbers, got an array of bool"),
        (([], [], 3, -1, 1.0), "end is -1"),
    ]:
        with pytest.raises(na.InvalidError, match=words):
            na.Spikes(*arguments)
    with pytest.raises(na.InvalidError, match="times.* is (nan|inf), must be finite"):
        na.Spikes.from_times([np.nan], [0], 1, 10)
    spikes = few()
    for call, words in [
        (lambda: spikes.between(8), "there is no step"),
        (lambda: spikes.count(0.3), "bin is 0.3 ms, must be a multiple of dt = 0.5 ms"),
        (lambda: spikes.count(-1), "bin is -1, must be above 0"),
        (lambda: spikes.count(100), "the shortest trial has 8"),
        (lambda: spikes.of([3]), "units: 3 to 3, must be 0 to 2"),
        (lambda: spikes.of([1, 0, 1]), "units: 1 is there twice, must be once"),
        (lambda: spikes.of(trials=[0, 0]), "trials: 0 is there twice"),
        (lambda: na.spikes.fano_factor(few().of(trials=0), 8), "several counts"),
        (lambda: na.spikes.correlations(spikes, few().between(1)), "same trials and the same time"),
        (lambda: na.spikes.power_spectrum(spikes, 1, segment=2), "segment: 2 bins of 1 ms, must be 4 to 8"),
    ]:
        with pytest.raises(na.InvalidError, match=words):
            call()
    with pytest.raises(AttributeError, match="cannot be set"):
        spikes.n = 4


# --- measures --------------------------------------------------------------------------------------------------------


def renewal(order, rate, n=60, duration=20_000.0, seed=0, dt=0.1):
    """Gamma renewal processes of this order, Hz, from where they are stationary."""
    rng = np.random.default_rng(seed)
    times, units = [], []
    for unit in range(n):
        steps = rng.gamma(order, 1000 / (rate * order), int(2 * rate * duration / 1000) + 200)
        at = np.cumsum(steps) - 2000
        at = at[(at > 0) & (at <= duration)]
        times.append(at)
        units.append(np.full(len(at), unit))
    return na.Spikes.from_times(np.concatenate(times), np.concatenate(units), n, duration, dt=dt)


@pytest.mark.parametrize("order", [1, 4, 9])
def test_gamma_processes(order):
    """CV 1 / sqrt(k); Fano factor of long counts CV^2; 400 intervals a unit, 60 units: 2 % of the CV is 4 errors."""
    spikes = renewal(order, 20)
    assert spikes.rate == pytest.approx(20, rel=0.02)
    assert np.mean(na.spikes.cv(spikes)) == pytest.approx(order**-0.5, rel=0.02)
    gaps = na.spikes.intervals(spikes)
    assert gaps.mean() == pytest.approx(50, rel=0.02) and gaps.std() / gaps.mean() == pytest.approx(
        order**-0.5, rel=0.02
    )
    assert np.mean(na.spikes.fano_factor(spikes, 1000)) == pytest.approx(1 / order, rel=0.1, abs=0.03)
    if order == 1:
        assert np.mean(na.spikes.cv2(spikes)) == pytest.approx(1, rel=0.02)
        assert np.mean(na.spikes.fano_factor(spikes, 20)) == pytest.approx(1, rel=0.02)


def test_cv2_does_not_see_a_slow_rate():
    """A Poisson process whose rate is 5 Hz, then 50 Hz: CV2 is 1, CV above."""
    rng = np.random.default_rng(1)
    at = np.concatenate([rng.uniform(0, 20_000, 100), rng.uniform(20_000, 40_000, 1000)])
    spikes = na.Spikes.from_times(at, np.zeros(1100, int), 1, 40_000, dt=0.01)
    assert na.spikes.cv2(spikes)[0] == pytest.approx(1, abs=0.06) and na.spikes.cv(spikes)[0] > 1.5


def test_a_clock_and_units_that_hardly_fire():
    clock = na.Spikes.from_times(np.r_[np.arange(10, 1001, 10.0), 5, 500], np.r_[np.zeros(100, int), 1, 1], 3, 1000)
    assert na.spikes.cv(clock)[0] == pytest.approx(0, abs=1e-12) and na.spikes.cv2(clock)[0] == pytest.approx(
        0, abs=1e-12
    )
    assert np.isnan(na.spikes.cv(clock)[1:]).all() and np.isnan(na.spikes.cv2(clock)[1:]).all()
    assert na.spikes.fano_factor(clock, 50)[0] == 0 and np.isnan(na.spikes.fano_factor(clock, 50)[2])
    frequency, power = na.spikes.power_spectrum(clock, 1, segment=500)
    assert frequency[power.argmax()] % 100 == 0  # 10 ms: 100 Hz and its multiples
    silent = na.Spikes([], [], 2, 100, 1.0)
    assert silent.rate == 0 and np.isnan(na.spikes.synchrony(silent)) and len(na.spikes.intervals(silent)) == 0
    assert len(na.spikes.correlations(silent)) == 0


def test_intervals_are_within_a_unit_and_a_trial():
    assert na.spikes.intervals(few()).tolist() == [2, 3]
    assert na.spikes.cv(few(), least=2)[0] == pytest.approx(np.sqrt(0.5) / 2.5)  # of 2 and 3
    assert na.spikes.cv2(few(), least=1)[0] == pytest.approx(0.4)
    clocks = na.Spikes.from_times(np.r_[np.arange(10, 50, 10), np.arange(40, 200, 40)], np.repeat([0, 1], 4), 2, 200)
    assert np.allclose(na.spikes.cv2(clocks, least=1), 0)  # no pair is of two units


def shared(common, total=20.0, n=40, duration=50_000.0, seed=2):
    """Poisson units, part of whose spikes all have in common: counts are correlated by that part."""
    rng = np.random.default_rng(seed)
    mother = rng.uniform(0, duration, rng.poisson(common * total * duration / 1000))
    times, units = [], []
    for unit in range(n):
        own = rng.uniform(0, duration, rng.poisson((1 - common) * total * duration / 1000))
        times.append(np.concatenate([mother, own]))
        units.append(np.full(len(times[-1]), unit))
    return na.Spikes.from_times(np.concatenate(times), np.concatenate(units), n, duration)


@pytest.mark.parametrize("common", [0, 0.3])
def test_spikes_in_common_are_correlations(common):
    """1000 windows: the error of a coefficient is 0.03, of the mean of 780 pairs with common spikes 0.025."""
    spikes = shared(common)
    found = na.spikes.correlations(spikes, window=50)
    assert len(found) == 40 * 39 // 2 and found.mean() == pytest.approx(common, abs=0.03)
    assert found.std() == pytest.approx(0.03, abs=0.015)
    assert na.spikes.synchrony(spikes, 10) == pytest.approx(1 + 39 * common, rel=0.1)
    other = shared(common, seed=3)
    across = na.spikes.correlations(spikes, other, most=10)
    assert len(across) == 100 and across.mean() == pytest.approx(0, abs=0.12)
    assert np.array_equal(
        np.sort(na.spikes.correlations(spikes, most=5, seed=1)), np.sort(na.spikes.correlations(spikes, most=5, seed=1))
    )


def test_what_all_trials_have_in_common_is_no_correlation():
    rng = np.random.default_rng(4)
    trials, n = 30, 10
    rate = np.tile([0.002, 0.05], 10).repeat(50)  # per ms and unit: the same in all trials
    step, trial, unit = np.nonzero(rng.random((1000, trials, n)) < rate[:, None, None])
    spikes = na.Spikes(step + 1, unit, n, 1000, 1.0, trial, trials)
    assert na.spikes.correlations(spikes, window=50).mean() == pytest.approx(0, abs=0.02)
    assert na.spikes.correlations(spikes.of(trials=0), window=50).mean() > 0.2


def test_power_of_poisson_units_is_flat_and_that_of_a_rhythm_has_a_peak():
    spikes = renewal(1, 20, n=100)
    frequency, power = na.spikes.power_spectrum(spikes)
    assert power.mean() == pytest.approx(20 / 100, rel=0.05) and frequency[-1] == 500
    low, high = power[frequency < 100].mean(), power[frequency > 400].mean()
    assert low == pytest.approx(high, rel=0.1)
    rate = spikes.population_rate(1)[:, 0]
    assert 2 * power.sum() * (frequency[1] - frequency[0]) == pytest.approx(rate.var(), rel=0.05)
    rng = np.random.default_rng(5)
    wave = 0.02 * (1 + 0.5 * np.sin(2 * np.pi * 40 * np.arange(20_000) / 1000))
    step, unit = np.nonzero(rng.random((20_000, 50)) < wave[:, None])
    frequency, power = na.spikes.power_spectrum(na.Spikes(step + 1, unit, 50, 20_000, 1.0), segment=1000)
    assert frequency[power.argmax()] == 40
