"""What is done to states, files and trainers of networks of spiking neurons and of pools, with all that these can have.

Each network is run with one trial, whose spikes are found once and carried as events, and with several.
"""

import copy
import pickle

import numpy as np
import pytest

import neuroai as na

STEPS = 120
FIXED = {"plastic": False}


def jumps():
    """Jumps that arrive after many delays, backgrounds, adaptation, refractory periods; sources of spikes."""
    net = na.Network(dt=0.5).input("u", 2).input("rate", 1)
    cells = {"model": "lif", "tau": 20, "threshold": 20, "reset": 10, "refractory": 2}
    net.population("P", 20, +1, model="poisson", rate=20)
    net.population("E", 40, +1, adaptation=1.5, background=9000, background_weight=0.25, **cells)
    net.population("I", 10, -1, background=9000, background_weight=0.25, **cells).output("z", 2, tau=10)
    late = {"delay": na.Delays(3, 1.5), "storage": "listed", **FIXED}
    net.connect("E", "E:delta I:delta", indegree=8, initial=na.Gamma(0.5, 0.2), **late)
    net.connect("I", "E:delta I:delta", indegree=4, initial=na.Constant(-0.8), **late)
    net.connect("P", "E:delta", indegree=5, initial=na.Constant(0.6), delay=1.5, **FIXED)
    net.connect("u", "E:delta", initial=na.Uniform(0, 0.2), **FIXED).connect(
        "rate", "P", initial=na.Constant(1), **FIXED
    )
    return net.connect("E", "z").build(1)


def currents():
    """Currents of two time constants, with another background, and a soft reset."""
    net = na.Network(dt=0.5).input("u", 2, sign=+1).input("rate", 1)
    cells = {"model": "lif", "threshold": -50, "reset": -65, "rest": -65, "refractory": 2, "tau_exc": 2, "tau_inh": 5}
    outside = {"background_exc": 8000, "background_exc_weight": 30, "tau": 15}
    net.population("E", 40, +1, **cells, **outside)
    net.population("I", 10, -1, soft_reset=1, adaptation=1, **cells, **outside).output("z", 2, tau=10)
    net.connect("E", "E:exc I:exc", density=0.3, initial=na.Constant(60), delay=1.5, **FIXED)
    net.connect("I", "E:inh I:inh", initial=na.Normal(-50, 5), delay=na.Delays(2, 0.5), storage="listed", **FIXED)
    net.connect("rate", "E:background_exc", initial=na.Constant(10), **FIXED)
    return net.connect("u", "E:exc", initial=na.Uniform(0, 40), **FIXED).connect("E", "z").build(1)


def conductances():
    net = na.Network(dt=0.1).input("u", 2, sign=+1).input("rate", 1)
    cells = {"model": "lif_conductance", "background": 4800}
    net.population("E", 40, +1, initial=np.linspace(5, 19.8, 40), **cells)
    net.population(
        "I",
        10,
        -1,
        initial=np.linspace(5, 19.8, 10),
        capacitance=200,
        g_leak=20,
        refractory=1,
        background_weight=1.62,
        **cells,
    )
    net.output("z", 2)
    net.connect("E", "E:ampa I:ampa", initial=na.Constant(0.8), delay=0.5, **FIXED)
    net.connect("E:nmda", "E:nmda I:nmda", initial=na.Constant(1.5), delay=0.5, **FIXED)
    net.connect("I", "E:gaba I:gaba", density=0.5, initial=na.Constant(-5), delay=na.Delays(0.7, 0.3), **FIXED)
    net.connect("u", "E:ampa", initial=na.Uniform(0, 0.5), **FIXED)
    net.connect("rate", "E:background", initial=na.Constant(10), **FIXED)
    return net.connect("E", "z").build(1)


def pools():
    net = na.Network(dt=0.5).input("u", 2).input("rate", 1).output("z", 2, tau=10)
    for name in ("E", "I"):
        net.population(name, 3, model="wong_wang", noise=0.02, initial=0.1, plastic_bias=0)
    net.connect("E", "E", initial=na.Constant(0.08), autapses=True, delay=1.5, **FIXED)
    net.connect("E", "I", initial=na.Constant(-0.02), **FIXED).connect("I", "E", initial=na.Constant(-0.02), **FIXED)
    net.connect("u", "E", initial=na.Constant(0.01), **FIXED).connect("rate", "I", initial=na.Constant(1e-3), **FIXED)
    return net.connect("E:rate", "z", initial=na.Constant(0.3)).build(1)


NETWORKS = {"jumps": jumps, "currents": currents, "conductances": conductances, "pools": pools}
#: What is looked at besides rates.
TRACES = {
    "jumps": "E:v E:b E:wait I:v", "currents": "E:v E:i_exc I:i_inh I:b", "conductances": "E:v E:g_nmda E:s I:g_gaba",
    "pools": "E:S E:I_noise I:rate",
}  # fmt: skip
#: What E sends, as it is.
SENT = {"jumps": "E:spike", "currents": "E:spike", "conductances": "E:spike", "pools": "E:gate"}
#: A port of E for a current, and how much is much.
PORTS = {"jumps": ("E:delta", 3), "currents": ("E:exc", 200), "conductances": ("E:ampa", 5), "pools": ("E", 0.2)}
of_each = pytest.mark.parametrize("kind, trials", [(kind, trials) for kind in NETWORKS for trials in (1, 3)])


def given(trials, seed=0):
    rng = np.random.default_rng(seed)
    return {"u": rng.random((STEPS, trials, 2)), "rate": 20 + 10 * rng.random((STEPS, trials, 1))}


def part(inputs, start, end):
    return {name: values[start:end] for name, values in inputs.items()}


def ran(net, state, inputs, kind, **more):
    """All that a run shows."""
    record = " ".join(name for name in net.populations) + f" {SENT[kind]} {TRACES[kind]}"
    run = net.run(inputs, state=state, record=record, progress=False, **more)
    found = {"z": run.outputs["z"], **dict(run.rates), **dict(run.traces)}
    return {name: np.asarray(values) for name, values in found.items()}


def same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert one[name].tobytes() == other[name].tobytes(), name


def alive(found):
    assert found["E"].any() and found["E"].std() > 0


@of_each
def test_snapshots(kind, trials):
    """Taken while units are clamped, injected and silenced; put back into the same state, another one, and a pickle."""
    net, inputs = NETWORKS[kind](), given(trials)
    state, other = net.state(trials, seed=3), net.state(trials, seed=9)
    alive(ran(net, state, part(inputs, 0, 40), kind))
    state.clamp("I", 1.0, units=[0, 2])
    state.inject(PORTS[kind][0], PORTS[kind][1] / 2, units=[1])
    state.silence("E", units=[2])
    ran(net, state, part(inputs, 40, 60), kind)
    kept = state.snapshot()
    future = ran(net, state, part(inputs, 60, 100), kind)
    assert np.all(future["I"][..., [0, 2]] == 1) and not future["E"][..., 2].any()
    pickled = None
    for one in (state, other):
        one.restore(kept)
        assert one.time == 60 and one.snapshot() == kept
        pickled = pickle.loads(pickle.dumps(one))
        same(ran(net, one, part(inputs, 60, 100), kind), future)
    same(ran(pickled.net, pickled, part(inputs, 60, 100), kind), future)
    state.restore(kept)
    state.release("*")
    released = ran(net, state, part(inputs, 60, 100), kind)
    assert not np.all(released["I"][..., [0, 2]] == 1)
    # a step at a time, without recording
    state.restore(kept)
    for k in range(60, 100):
        out = state.step({name: values[k] for name, values in inputs.items()})
        assert np.asarray(out, np.float32).reshape(-1).tobytes() == future["z"][k - 60].reshape(-1).tobytes()


@of_each
def test_interventions(kind, trials):
    """Of a window; the rest is as without, and what follows is not."""
    net, inputs = NETWORKS[kind](), given(trials)
    without = ran(net, net.state(trials, seed=3), inputs, kind)
    port, much = PORTS[kind]
    start, end = 50 * net.dt, 90 * net.dt
    window = {"start": start, "end": end}
    cases = {
        "silence": na.Silence("E", **window), "clamp": na.Clamp("E", 0.5, units=[0], **window),
        "scale": na.Scale("E", 0.5, **window), "inject": na.Inject(port, much, **window),
    }  # fmt: skip
    for name, act in cases.items():
        found = ran(net, net.state(trials, seed=3), inputs, kind, interventions=act)
        for each in found:
            assert found[each][:50].tobytes() == without[each][:50].tobytes(), (name, each)
        inside = found["E"][50:90]
        sent = found[SENT[kind]][50:90]
        if name == "silence":
            assert not inside.any() and not sent.any() and found["E"][90:].any()
        elif name == "clamp":
            assert np.all(sent[..., 0] == 0.5) and not np.all(found[SENT[kind]][90:, ..., 0] == 0.5)
            assert np.all(inside[..., 0] == (0.5 if kind == "pools" else 1))  # a spike is what is not 0
        elif name == "scale":
            assert np.all(sent[0] == without[SENT[kind]][50] / 2)
        else:
            assert inside.sum() > without["E"][50:90].sum()
        assert found["z"][50:].tobytes() != without["z"][50:].tobytes(), name
        state = net.state(trials, seed=3)  # the same by calls on a state
        state.intervene([act])
        same(ran(net, state, inputs, kind), found)


@pytest.mark.parametrize("kind", list(NETWORKS))
def test_every_port_takes_a_current_and_every_signal_is_imposed(kind):
    """Those that no projection uses, too."""
    net, inputs = NETWORKS[kind](), given(1)
    without, fields = ran(net, net.state(1, seed=3), inputs, kind), na.models()[net.model("E")]
    acts = [na.Inject(f"E:{port}", 50) for port in fields.ports]
    acts += [
        act(f"E:{signal}", *how) for signal in fields.signals for act, how in ((na.Silence, ()), (na.Clamp, (0.7,)))
    ]
    assert len(acts) >= 5
    for act in acts:
        found = ran(net, net.state(1, seed=3), inputs, kind, interventions=act)
        assert any(found[name].tobytes() != without[name].tobytes() for name in found), act


def test_sources_of_spikes_are_driven_and_silenced():
    net, inputs = jumps(), given(2)
    rate = {}
    for name, act in {
        "none": (),
        "more": na.Inject("P:rate", 500),
        "off": na.Silence("P"),
        "all": na.Clamp("P", 1),
    }.items():
        rate[name] = ran(net, net.state(2, seed=3), inputs, "jumps", interventions=act)["P"].mean()
    assert rate["off"] == 0 < rate["none"] < 0.05 and rate["all"] == 1
    assert rate["more"] == pytest.approx(0.27, abs=0.03)  # (20 + 25 + 500) Hz of 0.5 ms


def test_circuits_are_evaluated_with_interventions():
    """Of Wang's circuit, in an epoch: pools without inhibition are both above the threshold at once."""
    net = na.circuits.wang2002(scale=0.1).build(1)
    task = na.circuits.RandomDots(net.dt, [51.2], before=20, stimulus=60, window=10, stride=5, threshold=30)
    times = {}
    for name, act in {"none": (), "off": na.Silence("I", epoch="stimulus"), "less": na.Scale("A B", 0.0)}.items():
        found = [na.evaluate(net, task, 5, seed=2, threads=n, interventions=act, progress=False) for n in (1, 3)]
        assert found[0].time.tobytes() == found[1].time.tobytes()
        times[name] = found[0].time
    assert np.isnan(times["less"]).all() and np.nanmean(times["off"]) > 20
    assert np.isfinite(times["off"]).sum() >= np.isfinite(times["none"]).sum()


@pytest.mark.parametrize("kind", list(NETWORKS))
def test_trials_alone_are_those_of_many(kind):
    """Trial k of a state of several is the same as in a state of one (events, or matrices)."""
    net, inputs = NETWORKS[kind](), given(3)
    many = ran(net, net.state(3, seed=3), inputs, kind)
    one = ran(net, net.state(1, seed=3), {name: values[:, :1] for name, values in inputs.items()}, kind)
    for name in many:
        assert one[name][:, 0].tobytes() == many[name][:, 0].tobytes(), name


@of_each
def test_files_copies_and_pickles(kind, trials, tmp_path):
    net, inputs = NETWORKS[kind](), given(trials)
    expected = ran(net, net.state(trials, seed=3), inputs, kind)
    net.save(tmp_path / "net.safetensors")
    for made in (
        na.Network.load(tmp_path / "net.safetensors"),
        net.copy(),
        copy.deepcopy(net),
        pickle.loads(pickle.dumps(net)),
    ):
        same(ran(made, made.state(trials, seed=3), inputs, kind), expected)
    state = net.state(trials, seed=3)  # goes on in a network that was loaded
    ran(net, state, part(inputs, 0, 70), kind)
    loaded = na.Network.load(tmp_path / "net.safetensors")
    other = loaded.state(trials, seed=1)
    other.restore(state.snapshot())
    late = ran(loaded, other, part(inputs, 70, STEPS), kind)
    for name in late:
        assert late[name].tobytes() == expected[name][70:].tobytes(), name


@of_each
def test_threads(kind, trials):
    net, inputs = NETWORKS[kind](), given(trials)
    one, *others = (ran(net, net.state(trials, seed=3, threads=n), inputs, kind) for n in (1, 2, 3))
    for other in others:
        same(other, one)


@pytest.mark.parametrize("kind", list(NETWORKS))
def test_states_of_other_networks_are_refused(kind):
    net, other = NETWORKS[kind](), NETWORKS["jumps" if kind != "jumps" else "currents"]()
    state = net.state(2, seed=3)
    state.run(part(given(2), 0, 20))
    before = state.snapshot()
    for wrong in (other.state(2).snapshot(), net.state(1).snapshot(), before[:-4]):
        with pytest.raises(na.Error):
            state.restore(wrong)
        assert state.snapshot() == before


def test_states_of_other_models_are_refused():
    """Though they have as many numbers."""

    def made(model):
        net = na.Network(dt=2).population("A", 3, +1, model=model).output("z", 1).connect("A", "z")
        return net.connect("A", "A", initial=na.Constant(0.1), plastic=False).build(1)

    state, kept = made("wong_wang").state(2), made("adaptive_rate").state(2).snapshot()
    before = state.snapshot()
    assert len(before) == len(kept)
    with pytest.raises(na.Error, match="another network"):
        state.restore(kept)
    assert state.snapshot() == before


@of_each
def test_snapshots_within_the_window_of_an_intervention(kind, trials):
    """What has been planned is the state's: it goes on where it is restored, and the other forgets its own."""
    net, inputs = NETWORKS[kind](), given(trials)
    window = {"start": 50 * net.dt, "end": 90 * net.dt}
    state, other = net.state(trials, seed=3), net.state(trials, seed=9)
    state.intervene([na.Silence("I", **window), na.Inject(*PORTS[kind], units=[1], **window)])
    ran(net, state, part(inputs, 0, 60), kind)
    kept = state.snapshot()
    future = ran(net, state, part(inputs, 60, STEPS), kind)
    assert not future["I"][:30].any() and future["I"][30:].any()
    other.intervene([na.Silence("E")])
    for one in (state, other):
        one.restore(kept)
        same(ran(net, one, part(inputs, 60, STEPS), kind), future)


@of_each
def test_a_reset_state_begins_anew(kind, trials):
    net, inputs = NETWORKS[kind](), given(trials)
    state = net.state(trials, seed=3)
    first = ran(net, state, inputs, kind)
    state.reset()
    assert state.time == 0
    same(ran(net, state, inputs, kind), first)


@pytest.mark.parametrize("kind", list(NETWORKS))
def test_runs_are_pickled(kind):
    net, inputs = NETWORKS[kind](), given(2)
    run = net.run(inputs, seed=3, record=f"E I {TRACES[kind]}", progress=False)
    for other in (pickle.loads(pickle.dumps(run)), copy.deepcopy(run)):
        for name in ("E", "I"):
            assert other.rates[name].tobytes() == run.rates[name].tobytes()
            if kind != "pools":
                assert other.spikes[name].step.tobytes() == run.spikes[name].step.tobytes()
        for name in run.traces:
            assert other.traces[name].tobytes() == run.traces[name].tobytes()
        twin = pickle.loads(pickle.dumps(run))
        same(ran(other.net, other.state, inputs, kind), ran(twin.net, twin.state, inputs, kind))


def test_numbers_that_are_set_in_the_middle_of_a_run_act_at_once():
    for kind, name in (("jumps", "background"), ("currents", "background_exc"), ("conductances", "background")):
        net, inputs = NETWORKS[kind](), given(2)
        state = net.state(2, seed=3)
        state.run(part(inputs, 0, 60))
        kept = state.snapshot()
        without = ran(net, state, part(inputs, 60, STEPS), kind)
        state.restore(kept)
        before = net.get("E", name)
        more = ran(net.set("E", **{name: 5 * before}), state, part(inputs, 60, STEPS), kind)
        assert more["E"].mean() > 1.5 * without["E"].mean() > 0, kind
        state.restore(kept)
        same(ran(net.set("E", **{name: before}), state, part(inputs, 60, STEPS), kind), without)


def test_currents_and_rates_of_other_units_are_refused_by_name():
    for kind in NETWORKS:
        state = NETWORKS[kind]().state(2)
        for call in (
            lambda: state.currents("E"),
            lambda: state.set_rates("E", np.ones((2, 40))[:, : state.rates("E").shape[1]]),
        ):
            with pytest.raises(na.UnsupportedError, match="'E' is of model '.*only rate units"):
                call()


# --- training --------------------------------------------------------------------------------------------------------


def learning(rule):
    net = na.Network(dt=1).input("u", 5)
    cells = {"model": "lif", "tau": 20, "threshold": 1, "refractory": 2, "soft_reset": 1, "reset": -1}
    net.population("E", 16, +1, adaptation=0.3, background=300, background_weight=0.05, **cells)
    net.population("I", 6, -1, **cells).output("z", 1, tau=15)
    net.connect("u", "E I", initial=na.Normal(0.3, 0.1)).connect("I", "E", initial=na.Constant(-0.1), delay=3)
    net.connect("E", "E I", initial=na.Gamma(0.2, 0.1), delay=2, density=0.5).connect("E", "z").build(1)
    rng = np.random.default_rng(1)
    trials = na.Trials(
        (rng.random((60, 8, 5)) < 0.2).astype(np.float32),
        np.sin(np.arange(60) / 9)[:, None, None] + np.zeros((60, 8, 1)),
    )
    cost = na.MSE("z") + 1e-2 * na.RateTarget("E I", 0.05)
    return na.Trainer(net, trials, cost, rule, na.Adam(3e-3), batch=4, seed=5)


@pytest.mark.parametrize("rule", [na.BPTT, lambda: na.EProp("random", seed=2), na.RFLO], ids=["bptt", "eprop", "rflo"])
def test_checkpoints_of_spiking_networks(rule, tmp_path):
    whole, first = learning(rule()), learning(rule())
    start = whole.net.weights("E", "E").copy()
    whole.fit(12, progress=False)
    first.fit(5, progress=False)
    first.save(tmp_path / "run.safetensors")
    resumed = learning(rule()).restore(tmp_path / "run.safetensors")
    resumed.fit(7, progress=False)
    for ends in whole.net.projections:
        assert whole.net.weights(*ends).tobytes() == resumed.net.weights(*ends).tobytes(), ends
    assert (whole.net.weights("E", "E") != start).any()
    loaded = na.Network.load(tmp_path / "run.safetensors")
    assert (
        loaded.weights("E", "E") == learning(rule()).restore(tmp_path / "run.safetensors").net.weights("E", "E")
    ).all()


def test_pools_have_checkpoints(tmp_path):
    def make():
        net = na.Network(dt=2).input("x", 2).output("rate", 1)
        net.population("A", 2, model="wong_wang", noise=0.01, initial=0.2)
        net.connect("x", "A", initial=na.Normal(0.02, 0.01)).connect("A", "A", initial=na.Normal(0.1, 0.05), delay=4)
        net.connect("A:rate", "rate", initial=na.Constant(0.1)).build(1)
        rng = np.random.default_rng(1)
        trials = na.Trials(rng.normal(size=(60, 8, 2)), rng.normal(size=(60, 8, 1)))
        return na.Trainer(net, trials, na.MSE("rate"), na.BPTT(), na.Adam(1e-3), batch=4, seed=2)

    whole, first = make(), make()
    whole.fit(10, progress=False)
    first.fit(4, progress=False)
    first.save(tmp_path / "run.safetensors")
    resumed = make().restore(tmp_path / "run.safetensors")
    resumed.fit(6, progress=False)
    for ends in whole.net.projections:
        assert whole.net.weights(*ends).tobytes() == resumed.net.weights(*ends).tobytes(), ends
