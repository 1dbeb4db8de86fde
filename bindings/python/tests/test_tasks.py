"""The built-in tasks from Python: a class each, their trials, judging; and neurogym's environments as tasks."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import neuroai as na

#: Inputs, outputs and whether there are classes, of the tasks in neurogym's form and of Song et al. (2016).
TASKS = {
    "perceptual-decision-making": (3, 3, True),
    "delay-comparison": (2, 3, True),
    "delay-match-sample": (3, 3, True),
    "delay-match-category": (17, 3, True),
    "context-decision-making": (7, 3, True),
    "multisensory-integration": (5, 3, True),
    "go-nogo": (3, 2, True),
    "ready-set-go": (3, 2, True),
    "song-random-dots": (2, 2, False),
    "song-random-dots-variable": (3, 2, False),
    "song-random-dots-reaction-time": (3, 2, False),
    "song-context-integration": (6, 2, False),
    "song-multisensory": (5, 2, False),
    "song-parametric-working-memory": (2, 2, False),
    "song-eye-movement-sequence": (17, 2, False),
    "song-sine": (0, 1, False),
    "masse-dms": (24, 3, True),
    "masse-dmrs": (24, 3, True),
    "masse-dmc": (24, 3, True),
}


ROOT = Path(__file__).resolve().parents[3]


def network(n_inputs, n_outputs, dt=20):
    net = na.Network(dt)
    if n_inputs:
        net.input("in", n_inputs)
    net.population("E", 10, tau=2 * dt, initial=0.1).output("out", n_outputs)
    if n_inputs:
        net.connect("in", "E")
    return net.connect("E", "E").connect("E", "out").build(1)


def task_class(name):
    written = {"dms": "DMS", "dmrs": "DMRS", "dmc": "DMC"} if name.startswith("masse") else {}
    return getattr(na.tasks, "".join(written.get(part, part.capitalize()) for part in name.split("-")))


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_a_class_that_makes_trials(name):
    n_inputs, n_outputs, classes = TASKS[name]
    kind = task_class(name)
    assert name in na.tasks.available() and kind.__name__ in dir(na.tasks)
    about = kind.__doc__.split("Parameters")[0]
    assert name in about and len(about) > len(name) + 40 and ("Inputs" in about or "No inputs" in about)
    for parameter in kind.parameters:
        assert parameter in kind.__doc__
    net = network(n_inputs, n_outputs)
    trials = kind().trials(net, 40, seed=2)
    assert trials.inputs.shape[1:] == (40, n_inputs)
    assert trials.targets.shape == (trials.steps, 40) + (() if classes else (n_outputs,))
    assert trials.targets.dtype == (np.int32 if classes else np.float32)
    assert (trials.lengths <= trials.steps).all() and trials.lengths.max() == trials.steps
    assert all(values.shape == (40,) for values in trials.conditions.values()) and trials.conditions


@pytest.mark.parametrize("name", na.tasks.available())
def test_sizes_are_those_of_trials(name):
    kind = na.tasks.named(name)
    if name in TASKS:
        assert (kind.n_inputs, kind.n_outputs, kind.classes) == TASKS[name]
    for n_inputs in [kind.n_inputs] + [kind.more_inputs] * (kind.more_inputs is not None):
        trials = kind().trials(network(n_inputs, kind.n_outputs), 3)
        assert trials.inputs.shape[2] == n_inputs and (trials.targets.ndim == 2) == kind.classes
        assert tuple(trials.conditions) == kind.conditions and tuple(trials.epochs) == kind.epochs
        assert trials._has_times == kind.has_times and trials.conditions.units == kind.units
    with pytest.raises(ValueError, match=f"{kind.n_inputs} input channel"):
        kind().trials(network(kind.n_inputs + 1, kind.n_outputs), 3)
    assert set(kind.units) <= set(kind.conditions)


def test_tasks_by_name():
    assert na.tasks.named("masse-dms") is na.tasks.MasseDMS and na.tasks.named("go-nogo") is na.tasks.GoNogo
    with pytest.raises(ValueError, match="no task 'go-nog'; did you mean go-nogo"):
        na.tasks.named("go-nog")
    assert (na.tasks.WCST.n_inputs, na.tasks.WCST.more_inputs, na.tasks.GoNogo.more_inputs) == (18, 37, None)


def test_a_parameter_comes_before_an_attribute_of_its_name():
    assert na.tasks.YangDm1(block=7).block == 7 and na.tasks.YangDm1().block == na.tasks.parameters("yang-dm1")["block"].default
    assert callable(na.tasks.WCST(trials=5).trials) and na.tasks.WCST(trials=5).values["trials"] == 5


@pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="needs the source tree")
def test_stub_and_page_are_as_the_library_describes_its_tasks():
    spec = importlib.util.spec_from_file_location("write_tasks", ROOT / "bindings/python/write_tasks.py")
    write_tasks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(write_tasks)
    assert write_tasks.STUB.read_text(encoding="utf-8") == write_tasks.stub(), "make tasks"
    page = write_tasks.PAGE.read_text(encoding="utf-8")
    assert page == write_tasks.page(page), "make tasks"
    stub = write_tasks.stub()
    assert all(f"class {na.tasks.named(name).__name__}(BuiltinTask):" in stub for name in na.tasks.available())


@pytest.mark.parametrize("name", TASKS)
def test_every_task_trains_and_is_judged(name):
    n_inputs, n_outputs, classes = TASKS[name]
    net = network(n_inputs, n_outputs)
    cost = na.CrossEntropy("out") if classes else na.MSE("out")
    trainer = na.Trainer(net, task_class(name)(), cost=cost, batch=8)
    before = net.weights("E", "E").copy()
    history = trainer.fit(steps=3, progress=False)
    assert np.isfinite(history.loss).all() and (net.weights("E", "E") != before).any()
    result = na.evaluate(net, task_class(name)(), trials=50)
    assert 0 <= result.performance <= 1
    assert set(np.unique(result.correct)) <= {-1, 0, 1}
    if "catch" in task_class(name).parameters:
        assert ((result.correct == -1) == (result.conditions["target"] == -1)).all()


def test_song_targets_and_masks_are_published_ones():
    net = network(2, 2)
    trials = na.tasks.SongRandomDots(catch=0.5, coherence=25.6).trials(net, 100)
    for b in range(100):
        right = int(trials.conditions["target"][b])
        length = trials.lengths[b]
        if right < 0:
            assert length == 100 and np.allclose(trials.targets[:100, b], 0.2)
            assert (trials.inputs[:, b] == 0).all() and (trials.mask[:100, b] == 1).all()
            continue
        assert length == 60
        counts = np.r_[np.ones(5), np.zeros(40), np.ones(15), np.zeros(trials.steps - 60)]
        assert (trials.mask[:, b].reshape(-1) == counts).all()
        assert np.allclose(trials.targets[45:60, b, right], 1) and np.allclose(trials.targets[45:60, b, 1 - right], 0.2)
        assert np.allclose(trials.inputs[5:45, b, right], 0.628)
        assert np.allclose(trials.inputs[5:45, b, 1 - right], 0.372)


def test_durations_without_a_step_are_refused_together():
    net = network(3, 3, dt=150)
    with pytest.raises(ValueError, match="fixation is 100 ms and has no step of dt = 150 ms"):
        na.tasks.PerceptualDecisionMaking().trials(net, 1)
    with pytest.raises(ValueError, match="decision is 100 ms and has no step"):
        na.tasks.PerceptualDecisionMaking(fixation=300).trials(net, 1)
    task = na.tasks.PerceptualDecisionMaking(fixation=300, decision=150, stimulus=[300, 600, 900][::2])
    trials = task.trials(net, 50)
    assert set(trials.lengths.tolist()) == {5, 9}
    assert (trials.targets != 0).any(0).all()


def test_parameters_of_one_value_and_whole_ones():
    net = network(3, 2)
    with pytest.raises(ValueError, match="threshold"):
        na.tasks.SongRandomDotsReactionTime(threshold=[1, 2])
    with pytest.raises(ValueError, match="whole"):
        na.tasks.ContextDecisionMaking(context=1.5).trials(network(7, 3), 1)
    with pytest.raises(ValueError, match="no step"):
        na.tasks.GoNogo(stimulus=0, delay=0, decision=0).trials(net, 1)
    fixed = na.tasks.SongRandomDotsVariable(stimulus_min=400, stimulus_max=400, catch=0)
    assert (fixed.trials(net, 20).lengths == 40).all()


# --- neurogym --------------------------------------------------------------------------------------------------------


def neurogym():
    return pytest.importorskip("neurogym")


def samples(env, n, seed=0):
    """Inputs [T, n, channels], classes [T, n], right side 1 or 2, and coherence of neurogym's own trials."""
    env = env.unwrapped
    env.seed(seed)
    inputs, classes, side, coherence = [], [], [], []
    for _ in range(n):
        said = env.new_trial()
        inputs.append(env.ob.copy())
        classes.append(env.gt.copy())
        side.append(said["ground_truth"] + 1)
        coherence.append(said["coh"])
    return np.stack(inputs, 1).astype(float), np.stack(classes, 1), np.array(side), np.array(coherence)


def statistics(inputs, classes, side, coherence, fixation, stimulus):
    """What can be said of a stream of perceptual decisions: name -> (estimate, its standard error)."""
    noise = inputs[fixation : fixation + stimulus, :, 1:] - 0.5
    for k in range(2):
        noise[:, :, k] -= np.where(side == k + 1, coherence, -coherence) / 200
    found = {}
    for c in (0, 6.4, 12.8, 25.6, 51.2):
        for s in (1, 2):
            p = np.mean((np.abs(coherence - c) < 0.01) & (side == s))
            found[f"share of {c} {s}"] = p, np.sqrt(0.09 / len(side))
    n = noise.size
    deviation = noise.std()
    found["mean of noise"] = noise.mean(), deviation / np.sqrt(n)
    found["deviation of noise"] = deviation, deviation / np.sqrt(2 * n)
    found["skew of noise"] = np.mean(noise**3) / deviation**3, np.sqrt(15 / n)
    found["kurtosis of noise"] = np.mean(noise**4) / deviation**4, np.sqrt(96 / n)
    found["between stimuli"] = np.mean(noise[:, :, 0] * noise[:, :, 1]) / deviation**2, np.sqrt(2 / n)
    found["from step to step"] = np.mean(noise[1:] * noise[:-1]) / deviation**2, np.sqrt(1 / n)
    chosen = np.where((inputs[:, :, 2] - inputs[:, :, 1]).sum(0) > 0, 2, 1)
    for c in (0, 6.4, 12.8, 25.6, 51.2):
        right = (chosen == side)[np.abs(coherence - c) < 0.01]
        found[f"ideal observer at {c}"] = right.mean(), max(np.sqrt(right.var() / len(right)), 1 / len(right))
    return found


@pytest.mark.parametrize("dt", [100, 20])
def test_perceptual_decisions_are_neurogym_s(dt):
    """Statistic by statistic: their stream and ours agree within four standard errors of the difference."""
    gym = neurogym()
    n = 4000
    timing = {"fixation": 100, "stimulus": 500, "delay": 200, "decision": 100}
    theirs = samples(gym.make("PerceptualDecisionMaking-v0", dt=dt, timing=timing), n)
    trials = na.tasks.PerceptualDecisionMaking(**timing).trials(network(3, 3, dt), n, stream="train")
    ours = (
        trials.inputs.astype(float),
        trials.targets,
        trials.conditions["target"].astype(int),
        trials.conditions["coherence"].astype(float),
    )
    assert theirs[0].shape == ours[0].shape and theirs[1].shape == ours[1].shape
    fixation, stimulus = 100 // dt, 500 // dt
    for inputs, classes, side, coherence in (theirs, ours):  # what has no chance in it is the same
        steps = np.arange(len(inputs))
        assert (inputs[:, :, 0] == (steps < fixation)[:, None]).all()
        assert (inputs[fixation + stimulus :] == 0).all() and (inputs[:fixation, :, 1:] == 0).all()
        assert (classes == np.where(steps[:, None] >= len(steps) - 100 // dt, side, 0)).all()
    a, b = statistics(*theirs, fixation, stimulus), statistics(*ours, fixation, stimulus)
    assert a.keys() == b.keys() and len(a) > 20
    for name in a:
        difference = abs(a[name][0] - b[name][0]) / np.hypot(a[name][1], b[name][1])
        assert difference < 4, f"{name}: {a[name][0]:.4g} and {b[name][0]:.4g}"


#: Ours, neurogym's, its options, and from which input on there is noise (neurogym has it on the cue as well).
SAME = [
    ("DelayComparison", "DelayComparison-v0", {}, 1),
    ("DelayMatchSample", "DelayMatchSample-v0", {}, 1),
    ("DelayMatchCategory", "DelayMatchCategory-v0", {"dim_ring": 16}, 1),
    ("ContextDecisionMaking", "ContextDecisionMaking-v0", {"use_expl_context": True}, 1),
    ("MultisensoryIntegration", "MultiSensoryIntegration-v0", {}, 1),
    ("GoNogo", "GoNogo-v0", {}, 1),
]


@pytest.mark.parametrize("ours, theirs, options, first", SAME)
def test_other_tasks_agree_with_neurogym_in_the_mean(ours, theirs, options, first):
    """Per class, the mean and the spread of each input at each step from the answer backwards, and of lengths."""
    neurogym()
    n, dt = 3000, 100
    adapter = na.tasks.Neurogym(theirs, dt=dt, **options)
    net = network(adapter.n_inputs, adapter.n_outputs, dt)
    a, b = adapter.trials(net, n), getattr(na.tasks, ours)().trials(net, n)
    assert a.inputs.shape[2] == b.inputs.shape[2]

    def by_answer(trials):
        last = trials.lengths - 1
        answer = trials.targets[last, np.arange(n)]
        found = {}
        for c in np.unique(answer):
            rows = np.flatnonzero(answer == c)
            shortest = trials.lengths.min()
            back = np.stack([trials.inputs[trials.lengths[k] - shortest : trials.lengths[k], k] for k in rows])
            right = np.stack([trials.targets[trials.lengths[k] - shortest : trials.lengths[k], k] for k in rows])
            found[int(c)] = len(rows), back.mean(0), back.std(0), right
        return found

    x, y = by_answer(a), by_answer(b)
    assert x.keys() == y.keys() and a.lengths.min() == b.lengths.min()
    assert abs(a.lengths.mean() - b.lengths.mean()) <= 4 * np.sqrt((a.lengths.var() + b.lengths.var()) / n)
    for c in x:
        (m, mean, deviation, right), (k, other, spread, also) = x[c], y[c]
        assert abs(m - k) < 4 * np.sqrt(n / 2)
        assert (right[0] == also[0]).all()
        error = np.sqrt(deviation**2 / m + spread**2 / k) + 1e-6
        assert (np.abs(mean - other)[:, 0] < 5 * error[:, 0]).all()  # the cue
        assert (np.abs(mean - other)[:, first:] < 5 * error[:, first:]).all()
        assert np.allclose(deviation[:, first:], spread[:, first:], atol=0.03)


def test_neurogym_environments_are_tasks():
    gym = neurogym()
    task = na.tasks.Neurogym("ContextDecisionMaking-v0", dt=20, use_expl_context=True)
    assert (task.n_inputs, task.n_outputs, task.classes) == (7, 3, True)
    assert {"ground_truth", "context", "coh_1", "coh_2"} <= set(task.conditions)
    net = network(7, 3)
    whole = task.trials(net, 20, seed=4, stream="train")
    part = task.trials(net, 5, seed=4, stream="train", first=7)
    for b in range(5):
        length = part.lengths[b]
        assert length == whole.lengths[7 + b]
        assert (part.inputs[:length, b] == whole.inputs[:length, 7 + b]).all()
        assert (part.targets[:length, b] == whole.targets[:length, 7 + b]).all()
        assert part.conditions["coh_1"][b] == whole.conditions["coh_1"][7 + b]
    test = task.trials(net, 20, seed=4)
    assert not (test.inputs[:10] == whole.inputs[:10]).all()
    history = na.Trainer(net, task, cost=na.CrossEntropy("out"), batch=8).fit(steps=2, progress=False)
    assert np.isfinite(history.loss).all()
    # an environment that is made already, and one with a ground truth of real numbers
    env = gym.make("GoNogo-v0", dt=20)
    assert na.tasks.Neurogym(env).trials(network(3, 2), 3).targets.shape[1] == 3
    reach = na.tasks.Neurogym("ReachingDelayResponse-v0", dt=100)
    assert not reach.classes


def test_durations_of_neurogym_are_seeded_apart():
    """Neurogym gives all random durations the same seed; then the second one could be told from the first."""
    neurogym()
    n, dt = 400, 20
    trials = na.tasks.Neurogym("OneTwoThreeGo-v0", dt=dt).trials(network(3, 2, dt), n)
    fixation = (trials.inputs[:, :, 2] > 0).argmax(0)
    target = (trials.inputs[:, :, 1] > 0).argmax(0) - fixation
    assert 100 <= fixation.min() * dt and fixation.max() * dt < 800 and fixation.std() * dt > 100
    assert 500 <= target.min() * dt and target.max() * dt < 1500 and target.std() * dt > 100
    assert abs(np.corrcoef(fixation, target)[0, 1]) < 4 / np.sqrt(n)


def test_a_number_without_a_unit_is_refused_without_one():
    with pytest.raises(na.InvalidError, match="gain is -1, must be 0.001 to 100$"):
        na.tasks.ReadySetGo(gain=-1)
    with pytest.raises(na.InvalidError, match="decision is -1, must be 0 to 1e\\+07 ms$"):
        na.tasks.PerceptualDecisionMaking(decision=-1)


def test_what_cannot_be_a_task_is_refused():
    gym = neurogym()
    with pytest.raises(ValueError, match="dt is 20 ms"):
        na.tasks.Neurogym("GoNogo-v0", dt=100).trials(network(3, 2), 1)
    with pytest.raises(ValueError, match="no options"):
        na.tasks.Neurogym(gym.make("GoNogo-v0"), dt=20)
    with pytest.raises(ValueError, match="expected a neurogym.TrialEnv"):
        na.tasks.Neurogym(object())
    with pytest.raises(ValueError, match="depends on the ones before"):
        na.tasks.Neurogym("HierarchicalReasoning-v0")
    with pytest.raises(ValueError, match="steps"):
        na.tasks.Neurogym("GoNogo-v0", dt=20, steps=3).trials(network(3, 2), 1)
    with pytest.raises(ValueError, match="Noise"):
        na.tasks.Neurogym(gym.wrappers.Noise(gym.make("GoNogo-v0", dt=20)))
