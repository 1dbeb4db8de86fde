"""Unit models: fields, names with a colon, and numbers of an independent program."""

import json
import pickle

import numpy as np
import pytest
from test_reference import REFERENCE, assert_close, load

import neuroai as na

INDEX = json.loads((REFERENCE / "models_index.json").read_text())


# --- two areas with dendrites ----------------------------------------------------------------------------------------


class Areas:
    """compartments_*: populations by name, and where their rows stand in the reference arrays."""

    def __init__(self, case, kernels=None):
        d = self.data = load(case)
        self.rows = {name: slice(*ends) for name, ends in INDEX[case]["parameters"]["populations"].items()}
        self.inputs = {name: slice(*ends) for name, ends in INDEX[case]["parameters"]["inputs"].items()}
        net = self.net = na.Network(dt=10, kernels=kernels)
        for name, columns in self.inputs.items():
            net.input(name, columns.stop - columns.start, sign=1)
        for area in ("sr", "pfc"):
            lag = int(case.endswith("_step"))
            start = d["r0"][self.rows[f"{area}_dend"]]
            net.population(
                f"{area}/E", 4, 1, model="dendritic", branches=2, nonlinearity=case.split("_")[1], lag=lag, d=start
            )
            for kind in ("pv", "sst", "vip"):
                net.population(f"{area}/{kind}", 2, -1, leak="rate")
        net.output("response", 3).output("rule", 2)
        self.ends = {}
        self.connect_all()
        net.connect("sr/E", "response").connect("pfc/E", "rule")
        net.constrain("*/E", "response rule", na.Dale("off")).build(1)
        self.set_all()

    def name(self, part, sign=None):
        """Of a source of ours, or with its sign of a target."""
        area, kind = part.split("_")
        port = {"soma": ":soma", "dend": f":dendrite{'+' if sign == 1 else '-'}"}.get(kind, "")
        return (f"{area}/E" if kind in ("soma", "dend") else f"{area}/{kind}") + (port if sign else "")

    def connect_all(self):
        d, net = self.data, self.net
        for post, rows in self.rows.items():
            for pre, columns in self.rows.items():
                mask = d["sign_mask"][rows, columns] != 0
                if "dend" in pre or not mask.any():
                    continue
                ends = self.name(pre), self.name(post, 1 if "soma" in pre else -1)
                net.connect(ends[0], ends[1].rstrip("+-"), mask=mask)  # the port follows from the sign
                self.ends[ends] = ("W_eff", rows, columns)
            for pre, columns in self.inputs.items():
                if not d["mask_in"][rows, columns].any():
                    continue
                net.connect(pre, self.name(post, 1), mask=d["mask_in"][rows, columns])
                self.ends[pre, self.name(post, 1)] = ("W_in_eff", rows, columns)

    def set_all(self):
        d, net = self.data, self.net
        for ends, (array, rows, columns) in self.ends.items():
            net.set_weights(*ends, d[array][rows, columns])
        for part, rows in self.rows.items():
            if "dend" not in part:
                net.set_bias(self.name(part), d["b"][rows])
                net.set(self.name(part), initial=d["r0"][rows])
        net.set_weights("sr/E", "response", d["W_out_response"])
        net.set_weights("pfc/E", "rule", d["W_out_rule"])


COMPARTMENTS = [name for name in INDEX if name.startswith("compartments_")]


@pytest.mark.parametrize("case", COMPARTMENTS)
def test_areas_with_dendrites(case, kernels):
    areas = Areas(case, kernels)
    net, d = areas.net, areas.data
    run = net.run(d["u"].astype(np.float32))
    for part, rows in areas.rows.items():
        if "dend" not in part:
            assert_close(part, run.rates[areas.name(part)], d["rate"][:, :, rows])
    for output in ("response", "rule"):
        assert_close(output, run.outputs[output], d[f"out_{output}"])
    trials = na.Trials(d["u"].astype(np.float32), np.concatenate([d["y_response"], d["y_rule"]], axis=2))
    trainer = na.Trainer(net, cost=na.MSE("response") + na.MSE("rule"), rule=na.BPTT(), optimizer=na.SGD(0))
    gradient = trainer.gradient(trials)
    assert_close("J", trainer.step(trials)["total"], d["J"][0])
    for ends, (array, rows, columns) in areas.ends.items():
        assert_close(f"{ends}", gradient[ends], d[f"grad_{array}"][rows, columns])
    for part, rows in areas.rows.items():
        if "dend" not in part:
            assert_close(f"bias {part}", gradient[areas.name(part)], d["grad_b"][rows])
    assert_close("readout", gradient["sr/E", "response"], d["grad_W_out_response"])
    assert_close("readout", gradient["pfc/E", "rule"], d["grad_W_out_rule"])


def test_silenced_area():
    areas = Areas("compartments_subtractive_instant")
    state, u = areas.net.state(trials=3), areas.data["u"].astype(np.float32)
    runs = [areas.net.run(u[:7], state=state)]
    state.silence("sr/sst")
    runs.append(areas.net.run(u[7:15], state=state))
    for part, rows in areas.rows.items():
        if "dend" not in part:
            ours = np.concatenate([run.rates[areas.name(part)] for run in runs])
            assert_close(part, ours, areas.data["rate_sr_sst_silenced"][:15, :, rows])


# --- branches of Yang, Murray & Wang (2016) --------------------------------------------------------------------------


def soma(branches, kernels):
    """A unit without memory; each of its branches has an excitatory and an inhibitory input of its own."""
    net = na.Network(dt=10, kernels=kernels).input("e", branches, sign=1).input("i", branches, sign=-1).output("z", 1)
    net.population("E", 1, 1, model="dendritic", branches=branches, nonlinearity="yang2016", tau=10)
    one = dict(mask=np.eye(branches), initial=np.eye(branches))
    net.connect("e", "E:dendrite+", **one).connect("i", "E:dendrite-", mask=one["mask"], initial=-one["initial"])
    return net.connect("E", "z", initial=np.ones((1, 1))).build(1)


def rates(net, excitation, inhibition):
    """Of one step, of as many trials as there are rows."""
    inputs = {"e": excitation[None].astype(np.float32), "i": inhibition[None].astype(np.float32)}
    return net.run(inputs).rates["E"][0, :, 0]


def test_branches_of_yang(kernels):
    d = load("dendrite_yang2016")
    assert_close("ten branches", rates(soma(10, kernels), d["branch_gE"], d["branch_gI"]), d["branch_rate"])
    excitation, inhibition = (g.reshape(-1, 1) for g in np.meshgrid(d["gE"], d["gI"], indexing="ij"))
    table = rates(soma(1, kernels), excitation, inhibition).reshape(d["rate_one_branch"].shape)
    assert_close("table", table, d["rate_one_branch"])


def test_slopes_of_branches_of_yang(kernels):
    """Of J = z^2 by the two weights, at random conductances."""
    d, (f0, f1, f2) = load("dendrite_yang2016"), INDEX["dendrite_yang2016"]["parameters"]["f"]
    net = soma(1, kernels)
    trainer = na.Trainer(net, cost=na.MSE("z"), rule=na.BPTT(), optimizer=na.SGD(0))
    ours, expected = [], []
    for e, i, v, by_e, by_i in zip(*(d[name] for name in ("gE_points", "gI_points", "V_D_points", "dV_dgE", "dV_dgI"))):
        trials = na.Trials({"e": np.full((1, 1, 1), e), "i": np.full((1, 1, 1), i)}, np.zeros((1, 1, 1)))
        gradient, z = trainer.gradient(trials), f0 + f1 * (v + 70) ** f2
        by_v = 2 * z * f1 * f2 * (v + 70) ** (f2 - 1)
        ours.append([gradient["e", "E:dendrite+"][0, 0], gradient["i", "E:dendrite-"][0, 0]])
        expected.append([by_v * by_e * e, -by_v * by_i * i])
    for which, array, reference in zip("ei", np.array(ours).T, np.array(expected).T):
        assert_close(which, array, reference)


# --- names -----------------------------------------------------------------------------------------------------------


def test_names_with_a_colon():
    net = na.Network(dt=10).population("E", 4, 1, model="dendritic", branches=3).population("I", 2, -1).input("u", 2)
    net.connect("E I", "E:dendrite").connect("E", "E", delay=20)
    assert net.projections == (("E", "E:dendrite+"), ("I", "E:dendrite-"), ("E", "E:soma"))
    assert net.size("E:dendrite") == 12 and net.size("E") == 4
    with pytest.raises(na.InvalidError, match="'u' is free"):
        net.connect("u", "E:dendrite")
    copy = na.Network(dt=10).population("E", 4, 1, model="dendritic", branches=3).population("I", 2, -1).input("u", 2)
    copy.connect("u", "E:dendrite-").connect("E", "E:dendrite", delay=30).connect("E", "E").build()
    assert copy.delay("E", "E:dendrite") == 30 and copy.delay("E", "E:soma") == 10
    assert (copy.weights("u", "E:dendrite") <= 0).all() and copy.weights("u", "E:dendrite").shape == (12, 2)
    assert (copy.mask("E", "E:dendrite") == np.tile(1 - np.eye(4), (3, 1))).all()
    with pytest.raises(na.UnknownNameError, match="several projections from 'E' to 'E': 'E' to 'E:dendrite\\+'"):
        copy.weights("E", "E")


@pytest.mark.parametrize(
    "ends, words",
    [
        (("E", "E:apical"), "'E' has no port 'apical'; it has soma, dendrite\\+, dendrite-"),
        (("E:v", "E"), "'E' has no signal 'v'; it has rate"),
        (("I", "E:dendrite+"), "'I' is inhibitory, so it cannot drive 'E:dendrite\\+'"),
        (("I", "S:exc"), "'I' is inhibitory, so it cannot drive 'S:exc\\+'"),
        (("E I", "S:exc"), "'I' is inhibitory, so it cannot drive 'S:exc\\+'"),
        (("E", "S:inh"), "'E' is excitatory, so it cannot drive 'S:inh-'"),
        (("u", "S:exc"), "'u' is free and 'S:exc' is a port for one sign: say 'S:exc\\+'"),
    ],
)
def test_wrong_ends_are_refused(ends, words):
    net = na.Network(dt=10).population("E", 4, 1, model="dendritic").population("I", 2, -1)
    net.population("S", 3, model="lif").input("u", 2)
    with pytest.raises(na.Error, match=words):
        net.connect(*ends)


def test_parts_are_of_projections_alone():
    net = na.Network(dt=10).population("E", 4, 1, model="dendritic")
    with pytest.raises(na.UnknownNameError, match="'E:soma' names a part of 'E', must name the whole of it"):
        net.set("E:soma", tau=20)


def test_potentials_have_no_sign():
    marked = {(m.name, s.name) for m in na.models().values() for s in m.signals.values() if s.potential}
    assert marked == {("lif", "v"), ("lif_conductance", "v"), ("pyramidal", "u")}
    net = na.Network(1).population("E", 2, -1, model="lif").output("y", 1).output("z", 1)
    net.connect("E:v", "y z", initial=na.Constant(1)).constrain("E:v", "z", na.Sign(-1))
    with pytest.raises(na.Error, match="from 'E:v' to 'z'"):
        net.build(1)
    net = na.Network(1).population("E", 2, -1, model="lif").output("y", 1).connect("E:v", "y", initial=na.Constant(1)).build(1)
    assert (net.weights("E:v", "y") == 1).all()


def test_fields_of_models():
    dendritic = na.models()["dendritic"]
    assert list(dendritic.sizes) == ["branches"] and list(dendritic.ports) == ["soma", "dendrite+", "dendrite-"]
    assert dendritic.ports["dendrite-"].sign == -1 and dendritic.states["d"].copies == "branches"
    assert dendritic.parameters["nonlinearity"].words == ("subtractive", "divisive", "yang2016")
    net = na.Network(dt=10).population("E", 4, model="dendritic", branches=2, tau=50, nonlinearity="divisive")
    assert (net.get("E", "tau") == 50).all() and (net.get("E", "nonlinearity") == 1).all()
    assert net.get("E", "d").shape == (8,) and net.model("E") == "dendritic"
    net.set("E", d=np.arange(8))
    assert (net.get("E", "d") == np.arange(8)).all()


@pytest.mark.parametrize(
    "set_wrong, words",
    [
        (lambda net: net.set("E", noise=1), "of model 'dendritic', has no parameter 'noise'; it has tau"),
        (lambda net: net.set("E", leak="rate"), "'E' is of model 'dendritic', which has no leak"),
        (lambda net: net.set("E", nonlinearity="none"), "must be one of: subtractive divisive yang2016"),
        (lambda net: net.set("E", lag=0.5), "lag of 'E' is 0.5, must be"),
        (lambda net: net.population("F", 2, model="dendritic", branches=0), "branches of 'F' is 0, must be 1 to"),
        (lambda net: net.population("F", 2, model="dentritic"), "no model is called 'dentritic'; there are rate"),
    ],
)
def test_wrong_parameters_are_refused(set_wrong, words):
    net = na.Network(dt=10).population("E", 4, model="dendritic")
    with pytest.raises(na.Error, match=words):
        set_wrong(net)


# --- rules -----------------------------------------------------------------------------------------------------------


def small(model="dendritic"):
    net = na.Network(dt=10).input("u", 2, sign=1).population("E", 3, 1, model=model).population("I", 2, -1)
    net.connect("u E", "I").connect("u E I", "E:dendrite" if model == "dendritic" else "E").output("z", 1)
    return net.connect("E", "z").build(1)


@pytest.mark.parametrize("rule", [na.FullFORCE(), na.WeightMirror()], ids=lambda rule: rule.name)
def test_rules_that_cannot_are_refused_by_name(rule):
    with pytest.raises(na.UnsupportedError, match="'E' is of model 'dendritic'"):
        na.Trainer(small(), cost=na.MSE("z"), rule=rule)


@pytest.mark.parametrize("rule", [na.RFLO, na.EProp])
@pytest.mark.parametrize("model", ["adaptive_rate", "dendritic"])
def test_agents_learn_with_units_of_every_model(rule, model):
    trainer = na.Trainer(small(model), cost=na.MSE("z"), rule=rule(update_every=1), optimizer=na.SGD(0.03))
    agent = na.Agent(trainer)
    costs = []
    for _ in range(60):
        agent.begin()
        costs.append(sum((agent.step([1, 0.5], target=[0.7])[0] - 0.7) ** 2 for _ in range(8)))
    assert costs[-1] < 0.5 * costs[0]


class Mixed:
    """Adaptation, dendrites of each kind, delays, layers within a step, initial states that learn."""

    def __init__(self, nonlinearity="subtractive", lag=0):
        scale = 0.05 if nonlinearity == "yang2016" else 0.5
        net = self.net = na.Network(dt=10).input("u", 3)
        net.population("A", 5, model="adaptive_rate", transfer="tanh", adaptation=0.8, tau_adaptation=60, tau=30)
        net.population("D", 4, model="dendritic", transfer="softplus", branches=2, nonlinearity=nonlinearity, lag=lag)
        net.population("R", 3, leak="rate", transfer="tanh", tau=20)
        net.set("D", tau=40).set("A D R", initial=0.2, plastic_initial=1)
        net.connect("u", "A D:dendrite+ D:soma R").connect("A", "A R D:dendrite+").connect("A", "D:dendrite-", delay=30)
        net.connect("D", "D:soma A").connect("D", "D:dendrite+", delay=20, autapses=True).connect("R", "D:soma", delay=0)
        net.output("z", 2).connect("A D R", "z").build(3)
        rng = np.random.default_rng(1)
        for ends in net.projections:
            w = scale * rng.normal(size=net.weights(*ends).shape)
            sign = {"+": 1, "-": -1}.get(ends[1][-1], 0)
            net.set_weights(*ends, net.mask(*ends) * (sign * abs(w) if sign else w))
        inputs, targets = rng.normal(size=(12, 4, 3)), rng.normal(size=(12, 4, 2))
        self.trials = na.Trials(inputs.astype(np.float32), targets.astype(np.float32))
        self.cost = na.MSE("z") + 0.1 * na.L2Rates("*")

    def trainer(self, rule):
        return na.Trainer(self.net, cost=self.cost, rule=rule, optimizer=na.SGD(0))


KINDS = [("subtractive", 0), ("subtractive", 1), ("divisive", 0), ("divisive", 1), ("yang2016", 0), ("yang2016", 1)]


@pytest.mark.parametrize("nonlinearity, lag", KINDS)
def test_gradient_agrees_with_central_differences(nonlinearity, lag):
    mixed = Mixed(nonlinearity, lag)
    net, trainer = mixed.net, mixed.trainer(na.BPTT())
    gradient, rng = trainer.gradient(mixed.trials), np.random.default_rng(2)
    largest = max(np.linalg.norm(each) for each in gradient.values())

    def check(what, place, array, found):
        direction = rng.normal(size=array.shape) * (found != 0)
        direction /= np.linalg.norm(direction)
        h, total = 5e-3, []
        for sign in (1, -1):
            place(array + sign * h * direction)
            total.append(trainer.step(mixed.trials)["total"])
        place(array)
        assert abs((total[0] - total[1]) / (2 * h) - (direction * found).sum()) < 2e-3 * largest, what

    for ends in net.projections:
        weights = net.weights(*ends).copy()
        if ends[1][-1] in "+-":
            weights += {"+": 0.05, "-": -0.05}[ends[1][-1]] * net.mask(*ends)  # away from 0
            net.set_weights(*ends, weights)
    gradient = trainer.gradient(mixed.trials)
    for ends in net.projections:
        check(ends, lambda w, ends=ends: net.set_weights(*ends, w), net.weights(*ends).copy(), gradient[ends])
    for name in ("A", "D", "R"):
        check(name, lambda b, name=name: net.set_bias(name, b), net.bias(name).copy(), gradient[name])
    trainer.gradient(mixed.trials)
    for name in ("A", "D", "R"):
        found = trainer.gradient_initial(name)
        check(name, lambda x, name=name: net.set(name, initial=x), net.get(name, "initial"), found)


@pytest.mark.parametrize("rule", [na.FeedbackAlignment(), na.DirectFeedbackAlignment(), na.SignSymmetry(), na.KolenPollack(), na.RFLO()])
def test_rules_that_send_errors_train_every_model(rule):
    mixed = Mixed()
    trainer = na.Trainer(mixed.net, cost=mixed.cost, rule=rule, optimizer=na.Adam(3e-3))
    before = trainer.step(mixed.trials)["total"]
    for _ in range(60):
        after = trainer.step(mixed.trials)["total"]
    assert after < 0.8 * before


def test_threads_and_batches_do_not_change_bits():
    gradients = []
    for threads in (1, 3):
        mixed = Mixed()
        rng = np.random.default_rng(4)
        inputs, targets = rng.normal(size=(12, 40, 3)), rng.normal(size=(12, 40, 2))
        trainer = na.Trainer(mixed.net, cost=mixed.cost, rule=na.BPTT(), optimizer=na.SGD(0), threads=threads)
        gradients.append(trainer.gradient(na.Trials(inputs.astype(np.float32), targets.astype(np.float32))))
    for key, found in gradients[0].items():
        assert (found == gradients[1][key]).all()
    run = mixed.net.run(inputs.astype(np.float32))
    alone = mixed.net.run(inputs[:, 7:8].astype(np.float32))
    for name in ("A", "D", "R"):
        assert (run.rates[name][:, 7] == alone.rates[name][:, 0]).all()


# --- files, noise ----------------------------------------------------------------------------------------------------


def test_networks_with_models_are_saved_copied_and_pickled(tmp_path):
    mixed = Mixed("divisive", 1)
    mixed.net.set("D", d=np.linspace(0, 1, 8)).set("A", tau_adaptation=[50, 60, 70, 80, 90])
    trainer = mixed.trainer(na.BPTT())
    trainer.step(mixed.trials)
    expected = mixed.net.run(mixed.trials.inputs).outputs["z"]
    mixed.net.save(tmp_path / "net")
    loaded = na.Network.load(tmp_path / "net")
    for net in (loaded, mixed.net.copy(), pickle.loads(pickle.dumps(mixed.net))):
        assert net.projections == mixed.net.projections and net.model("D") == "dendritic"
        assert (net.get("D", "d") == np.linspace(0, 1, 8)).all() and (net.get("D", "nonlinearity") == 1).all()
        assert (net.run(mixed.trials.inputs).outputs["z"] == expected).all()
    trainer.save(tmp_path / "checkpoint")
    na.Trainer(mixed.net, cost=mixed.cost, rule=na.BPTT(), optimizer=na.SGD(0)).restore(tmp_path / "checkpoint")
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "net").read_bytes()


def test_files_of_networks_that_use_nothing_new_are_as_before(tmp_path):
    na.Network(dt=10).input("u", 1).population("E", 2).connect("u", "E").build().save(tmp_path / "net")
    text = (tmp_path / "net").read_bytes()
    assert b'\\"format\\":1' in text and b"output_noise" not in text and b"model" not in text.replace(b"neuroai", b"")


@pytest.mark.parametrize(
    "old, new, words",
    [
        ('\\"model\\":\\"dendritic\\"', '\\"model\\":\\"dentritic\\"', "no model is called 'dentritic'"),
        ('\\"lag\\"', '\\"lug\\"', "'D', of model 'dendritic', has no parameter 'lug'"),
        ('\\"branches\\":2', '\\"branches\\":3', "D:dendrite"),
        ('\\"port\\":\\"soma\\"', '\\"port\\":\\"sama\\"', "'D' has no port 'sama'"),
    ],
)
def test_damaged_models_are_refused(tmp_path, old, new, words):
    Mixed().net.save(tmp_path / "net")
    data = (tmp_path / "net").read_bytes()
    assert old.encode() in data and len(old) == len(new)
    (tmp_path / "net").write_bytes(data.replace(old.encode(), new.encode(), 1))
    with pytest.raises(na.Error, match=words):
        na.Network.load(tmp_path / "net")


@pytest.mark.parametrize("model, leak", [("rate", "current"), ("rate", "rate"), ("dendritic", "current")])
def test_output_noise_is_added_after_the_leak(model, leak):
    net = na.Network(dt=10).population("E", 200, model=model, leak=leak, output_noise=0.01)
    net.set("E", transfer="linear").build()
    state = net.state(trials=20, seed=3)
    rates = net.run(state=state, steps=1).rates["E"][0]
    assert abs(rates.std() / 0.01 - 1) < 0.05 and abs(rates.mean()) < 1e-3
    more = net.run(state=state, steps=60).rates["E"][-20:]
    assert abs(more.std() / (0.01 / np.sqrt(1 - 0.9**2)) - 1) < 0.1  # whatever is left of earlier steps


@pytest.mark.parametrize("nonlinearity, lag", KINDS)
def test_real_time_recurrent_learning_is_backpropagation(nonlinearity, lag):
    mixed = Mixed(nonlinearity, lag)
    exact, ours = mixed.trainer(na.BPTT()), mixed.trainer(na.RTRL())
    gradients = exact.gradient(mixed.trials), ours.gradient(mixed.trials)
    largest = max(abs(each).max() for each in gradients[0].values())
    for key, expected in gradients[0].items():
        assert abs(gradients[1][key] - expected).max() < 1e-5 * largest, key
    for name in ("A", "D", "R"):
        assert abs(ours.gradient_initial(name) - exact.gradient_initial(name)).max() < 1e-5 * largest


def test_a_leak_within_the_transfer_function():
    net = na.Network(dt=10).input("u", 2).population("E", 3, leak="whole", tau=40, transfer="tanh", bias=0.2, initial=0.5)
    net.output("z", 3).connect("u E", "E").connect("E", "z").build(1)
    assert net.leak("E") == "whole" and net.copy().leak("E") == "whole"
    u = np.random.default_rng(0).normal(size=(6, 2))
    r, found = np.full(3, 0.5), net.run(u).rates["E"][:, 0]
    for t in range(6):
        r = np.tanh(0.75 * r + 0.25 * (net.weights("u", "E") @ u[t] + net.weights("E", "E") @ r + 0.2))
        assert np.allclose(found[t], r, atol=1e-6)
    with pytest.raises(na.InvalidError, match="'current', 'rate', 'whole'|current, rate, whole"):
        na.Network(dt=10).population("E", 3, leak="half")
