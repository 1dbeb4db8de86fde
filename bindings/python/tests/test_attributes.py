"""An assignment to an attribute takes effect, or is refused with a word on what to call instead."""

import numpy as np
import pytest
from conftest import small

import neuroai as na
from neuroai import _callback, _closed, tasks


def task(**values):
    return na.tasks.PerceptualDecisionMaking(stimulus=100, **values)


def trainer(**options):
    return na.Trainer(small(), task(), na.CrossEntropy("choice"), evaluate_every=0, **options)


def trials():
    return na.Trials(np.ones((5, 4, 3)), np.zeros((5, 4), int), conditions={"c": np.arange(4)})


def instances():
    """One of every public class that can be made here, without those that only callbacks see."""
    net = small()
    stage = na.Stage("a", 0.9, coherence=[1, 2])
    made = [
        net,
        net.state(2),
        net.run(trials()),
        trials(),
        task(),
        na.Task(lambda batch: None, steps=3),
        trainer(),
        trainer().fit(2, progress=False),
        na.Agent(na.Trainer(net, cost=na.MSE("choice"), rule=na.RFLO())),
        na.evaluate(net, task(), 20),
        na.Curriculum(stage),
        stage,
        na.Staircase(10, 1, 1),
        na.alignment(trainer()),
        na.AlignmentHistory(trainer()),
        na.MSE("choice") + na.L2Rates("E"),
        na.RateTarget("E", 1.0),
        na.UnitRateTarget("E", 1.0),
        na.Communicability("E", "E", 2.0),
        na.Cost("E"),
        na.Constraint(),
        na.LocalRule(lambda step: None),
        net.spectrum(),
        net.synapses(),
        na.anatomy.table("bos2020"),
        na.anatomy.Areas("a b", distances=[[0, 1], [1, 0]]),
    ]
    made += [getattr(na, name)() for name in ("SGD", "Momentum", "RMSProp", "Adam", "AdamW")]
    made += [na.Sparse(0.2), na.Mask(np.eye(2)), na.Fixed(), na.Dale(), na.Sign(1), na.MaxWeight(1.0)]
    made += [na.InDegree(2), na.OutDegree(2), na.Total(2), na.List([0], [1])]
    made += [na.BPTT(), na.TruncatedBPTT(5), na.RFLO(), na.EProp("adaptive"), na.FORCE(), na.FullFORCE()]
    made += [na.SignSymmetry(), na.KolenPollack(), na.WeightMirror(), na.NodePerturbation(), na.RewardHebbian()]
    made += [na.PredictiveCoding(), na.EquilibriumPropagation()]
    return made


@pytest.mark.parametrize("thing", instances(), ids=lambda thing: type(thing).__name__)
def test_every_attribute_takes_effect_or_is_refused(thing):
    for name in dir(thing):
        if name.startswith("_"):
            continue
        try:
            before = getattr(thing, name)
        except (na.Error, AttributeError):
            continue
        value = before * 0.5 + 0.25 if isinstance(before, float) else before
        try:
            setattr(thing, name, value)
        except (AttributeError, TypeError, na.Error) as error:
            assert name in str(error) or "range" in str(error) or "must be" in str(error), (name, error)
            continue
        if isinstance(thing, (na.Task, na.Cost, na.Constraint, na.LocalRule)) and name in type(thing)._settable:
            continue  # read when the library is given the object, and refused from then on: tested below
        assert isinstance(_descriptor(type(thing), name), (_closed.Setting, property)), name
        assert getattr(thing, name) == value, name


def _descriptor(cls, name):
    return next(vars(base)[name] for base in cls.__mro__ if name in vars(base))


@pytest.mark.parametrize("thing", instances(), ids=lambda thing: type(thing).__name__)
def test_unknown_attributes_are_refused(thing):
    with pytest.raises(AttributeError, match="no_such_thing|cannot assign"):
        thing.no_such_thing = 1
    assert not hasattr(thing, "no_such_thing")


@pytest.mark.parametrize(
    "thing, name, words",
    [
        (trainer(), "optimizer", "trainer.optimizer.rate"),
        (trainer(), "rule", "another trainer"),
        (trainer(), "task", "make another one"),
        (trainer(), "cost", "make another one"),
        (trainer(), "curriculum", "make another one"),
        (trainer(), "bacth", "did you mean 'batch'"),
        (trainer(), "lr", "trainer.optimizer.rate"),
        (na.Adam(), "lr", "rate"),
        (na.Adam(), "beta_1", "did you mean 'beta1'"),
        (task(), "stimulus", "task.replace\\(stimulus="),
        (task(), "stimulis", "stimulus"),
        (small(), "noise", "net.set"),
        (small(), "dt", "dt"),
        (trials(), "lengths", "other trials"),
        (na.Stage("a", 0.5), "criterion", "another stage"),
    ],
    ids=str,
)
def test_a_refusal_says_what_to_call(thing, name, words):
    with pytest.raises(AttributeError, match=words):
        setattr(thing, name, 1)


def test_settings_of_a_trainer_are_the_library_s():
    t = trainer()
    values = {"batch": 7, "threads": 2, "seed": 3, "clip": 1.5, "evaluate_every": 9, "evaluate_trials": 11, "stop_at": 0.5}
    values.update(recompute=4, shards=2)
    assert set(values) == set(t.parameters)
    for name, value in values.items():
        setattr(t, name, value)
        assert t.get(name) == value == getattr(t, name) and type(getattr(t, name)) is type(value)
    with pytest.raises(na.InvalidError, match="batch"):
        t.batch = 0
    assert t.batch == 7


@pytest.mark.parametrize("thing", [t for t in instances() if isinstance(t, (na.Optimizer, na.Rule))], ids=repr)
def test_every_number_of_an_optimiser_or_rule_is_an_attribute(thing):
    for name, about in thing.parameters.items():
        attribute = "lam" if name == "lambda" else name
        if name == "form":
            form = "random" if isinstance(thing, na.EquilibriumPropagation) else "fixed"
            thing.form = form
            assert thing.form == form and thing.get("form") == 2
            continue
        value = about.default + 1 if about.default + 1 <= about.high else about.high / 2
        setattr(thing, attribute, value)
        assert thing.get(name) == value == getattr(thing, attribute)


@pytest.mark.parametrize(
    "rule, name", [(na.FORCE(), "lam"), (na.FullFORCE(), "gain"), (na.FullFORCE(), "target_gain"), (na.WeightMirror(), "warm_up")]
)
def test_numbers_that_only_a_new_trainer_reads(rule, name):
    setattr(rule, name, 2)
    net = na.Network(20).input("u", 3).population("E", 6, leak="current").output("z", 3)
    net.connect("u", "E").connect("E", "E").connect("E", "z").build(1)
    t = na.Trainer(net, cost=na.MSE("z"), rule=rule)
    for each in (rule, t.rule):
        with pytest.raises(na.OrderError, match="make another rule"):
            setattr(each, name, 3)
    assert getattr(rule, name) == 2


def test_how_often_a_rule_updates_can_change():
    found = []
    for rule, later in ((na.RFLO(seed=1, update_every=2), None), (na.RFLO(seed=1), 2)):
        t = trainer(rule=rule, batch=3)
        if later is not None:
            t.rule.update_every = later
        t.step()
        found.append(t.net.weights("E", "choice").copy())
    assert np.array_equal(*found)


def test_the_rule_of_a_trainer_is_set_through():
    t = trainer(rule=na.RFLO())
    t.rule.update_every = 5
    assert t.rule.get("update_every") == 5
    with pytest.raises(AttributeError):
        t.rule.update_evry = 5


def test_parameters_of_a_task_can_be_read():
    t = task(coherence=[51.2, 6.4])
    assert t.stimulus == 100 and t.coherence.tolist() == [51.2, 6.4] and t.decision == 100
    with pytest.raises(ValueError):
        t.coherence[0] = 1
    with pytest.raises(AttributeError, match="no attribute 'stimulis'"):
        t.stimulis
    assert t.replace(stimulus=200).stimulus == 200


def test_dictionaries_that_are_made_to_be_read():
    net, t = small(), trainer()
    run, e = net.run(trials()), na.evaluate(net, task(), 10)
    found = [net.inputs, net.populations, net.outputs, t.parameters, na.Adam().parameters, t.fit(1, progress=False).costs]
    found += [run.rates, run.inputs, run.outputs, trials().conditions, e.conditions, na.Stage("a", 0.9, x=1).parameters]
    for each in found:
        with pytest.raises(TypeError, match="can only be read"):
            each["new"] = 1
        with pytest.raises(TypeError, match="can only be read"):
            each.update(a=1)
        assert isinstance(each, dict) and repr(each) == repr(dict(each))


def loses(thing, name):
    """Whether a public attribute gives a fresh list, dictionary or array, a change of which would be lost."""
    if callable(getattr(type(thing), name, None)) and not isinstance(getattr(type(thing), name), (property, type)):
        return False
    try:
        value, again = getattr(thing, name), getattr(thing, name)
    except (na.Error, AttributeError):
        return False
    values = [(value, again)]
    if isinstance(value, dict):
        values += [(value[key], again[key]) for key in value]
    for one, other in values:
        if isinstance(one, (list, set)) or isinstance(one, dict) and not isinstance(one, _closed.Record):
            return True
        if isinstance(one, np.ndarray) and one.flags.writeable and not np.shares_memory(one, other):
            return True
    return False


def results():
    """What calls give, besides what instances() has."""
    net, given = small(), trials()
    run = net.run(given)
    evaluation = na.evaluate(net, task(), 40)
    times = na.reaction_times(run, 0.0)
    x = np.array([1.0, 2, 4, 8])
    made = [given, run, evaluation, evaluation.confusion(), times, na.pca(run, "c", components=2)]
    made += [na.fit_psychometric(x, [5, 6, 8, 9], [10] * 4), trainer().fit(3, progress=False), na.AlignmentHistory(trainer()).total]
    made += [na.tasks.PerceptualDecisionMaking(coherence=[1, 2]), net.run(given, every=2), na.tasks]
    return made


@pytest.mark.parametrize("thing", [*instances(), *results()], ids=lambda thing: type(thing).__name__)
def test_no_attribute_takes_changes_that_are_lost(thing):
    assert not [name for name in dir(thing) if not name.startswith("_") and loses(thing, name)]


def test_the_activity_after_training_is_of_the_last_batch():
    t = na.Trainer(small(), task(), na.CrossEntropy("choice"), batch=6, evaluate_every=2, evaluate_trials=9)
    t.fit(1, progress=False)
    assert t.activity("E").shape[1] == 3  # of 9 test trials, the last batch: the run ends with an evaluation
    t.step()
    assert t.activity("E").shape[1] == 6
    seen = []
    t.fit(2, progress=False, callback=lambda now: seen.append(t.activity("E").shape[1]))
    assert seen[0] == 6


# --- what is shown ---------------------------------------------------------------------------------------------------

LONG = "x" * 5000


def large_network(n=300):
    net = na.Network(20).input("u", 1).output("z", 1)
    for i in range(n):
        net.population(f"E{i}", 1)
    return net.connect("u", "E0").connect("E*", "E*", autapses=True).connect("E0", "z")


def test_large_networks_are_shown_in_a_few_lines():
    net = large_network()
    assert len(net.projections) == 300**2 + 2
    for shown in (repr(net), repr(net.build())):
        assert len(shown) < 1000 and "E7 1 and 292 more" in shown and "and 89994 more" in shown


def test_everything_is_shown_within_bounds():
    many = large_network(30).build()
    names = list(many.populations)
    costs = sum((1e-3 * na.L2Rates(name) for name in names), start=na.MSE("z") + na.L2Rates(names))
    t = na.Trainer(many, cost=costs, rule=na.BPTT())
    given = na.Trials(np.ones((3, 900, 1)), np.ones((3, 900, 1)), conditions={f"c{i}": np.arange(900) for i in range(90)})
    t.step(given)
    run = many.run(given)
    tracked = na.AlignmentHistory(t, trials=given)
    shown = [costs, t, na.alignment(t, given), tracked, tracked.total, given, run, na.pca(run, "c0", components=3)]
    shown += [na.tasks.PerceptualDecisionMaking(coherence=np.linspace(0, 100, 900)), na.Agent(na.Trainer(many, cost=na.MSE("z"), rule=na.RFLO()))]
    shown += [na.Task(lambda batch: None, steps=3, name=LONG), na.LocalRule(lambda step: None, name=LONG), na.Cost(LONG, LONG)]
    shown += [na.Mask(np.ones((500, 500))), na.evaluate(many, given), many.state(2), t.history, na.Stage(LONG, 0.5, x=range(900))]
    shown += [na.fit_psychometric(np.arange(1.0, 900), np.arange(1, 900), np.full(899, 900)), many.spectrum(), many.synapses()]
    for thing in shown:
        assert 0 < len(repr(thing)) < 2500, type(thing)


# --- classes of the user's own ---------------------------------------------------------------------------------------


class Own(na.Task):
    steps = 4
    strength = 1.0

    def __init__(self, gain):
        super().__init__()
        self.gain = gain  # of its own

    def generate(self, batch):
        batch.input[:] = self.gain * self.strength


def test_own_attributes_of_own_classes():
    own = Own(2.0)
    own.gain, own.strength, own.anything = 3.0, 2.0, None
    assert (own.trials(small(), 1).inputs == 6).all()
    del own.anything
    assert not hasattr(own, "anything")


@pytest.mark.parametrize("name", ["step", "stepps", "n_input", "condition"])
def test_misspelt_attributes_of_own_classes(name):
    with pytest.raises(AttributeError, match="did you mean"):
        setattr(Own(1), name, 3)


def test_a_name_in_the_class_is_the_user_s():
    class Mine(Own):
        step = None

    mine = Mine(1)
    mine.step = 3
    assert mine.step == 3


@pytest.mark.parametrize("name", ["steps", "classes", "channel_mask", "conditions", "n_inputs", "n_outputs", "judge"])
def test_what_sizes_memory_is_fixed_once_a_task_is_in_use(name):
    own = Own(1)
    own.steps = 5
    assert own.trials(small(), 2).steps == 5
    with pytest.raises(AttributeError, match="in use"):
        setattr(own, name, 3)


def test_a_class_that_changes_under_its_task_does_no_harm():
    class Growing(na.Task):
        steps, conditions = 4, ("a",)

        def generate(self, batch):
            batch.input[:] = 1
            batch.conditions["a"][:] = 1

    t = na.Trainer(small(), Growing(), na.CrossEntropy("choice"), batch=3, evaluate_every=0)
    Growing.steps, Growing.conditions, Growing.channel_mask = 4000, ("a", "b", "c"), True
    t.fit(2, progress=False)
    assert t.activity("E").shape == (4, 3, 12)


def test_traces_of_a_rule_are_fixed_when_it_is_made():
    class Mine(na.LocalRule):
        traces = 1

        def step(self, step):
            assert step.trace.shape[0] == 1
            step.trace[:] += 1

    rule = Mine()
    with pytest.raises(AttributeError, match="traces"):
        rule.traces = 500
    Mine.traces = 500
    na.Trainer(small(), task(), na.CrossEntropy("choice"), rule=rule, batch=2).step()


def test_names_of_attached_constraints_and_costs_are_fixed():
    class Mine(na.Constraint):
        def project(self, synapses):
            self.calls = getattr(self, "calls", 0) + 1

    mine = Mine()
    mine.name = "first"
    na.Network(20).population("E", 2).connect("E", "E").constrain("E", "E", mine).build()
    assert mine.calls
    with pytest.raises(AttributeError, match="attached"):
        mine.name = "second"
    cost = na.MSE("choice")
    with pytest.raises(AttributeError, match="make another cost"):
        cost.names = "other"


# --- what callbacks are shown ----------------------------------------------------------------------------------------


def test_assigning_to_a_batch_fills_it():
    def generate(batch):
        batch.input = np.full((4, batch.trials, 3), 2.0)
        batch.input += 1
        batch.classes = np.ones((4, batch.trials), int)
        batch.mask = 0.5
        batch.length = [3] * batch.trials
        batch.conditions["c"] = np.arange(batch.trials)
        batch.conditions["c"] += 1
        batch.conditions = {"d": 7}

    t = na.Task(generate, steps=4, conditions=["c", "d"]).trials(small(), 3)
    assert (t.inputs == 3).all() and (t.targets == 1).all() and (t.mask == 0.5).all() and (t.lengths == 3).all()
    assert t.conditions["c"].tolist() == [1, 2, 3] and (t.conditions["d"] == 7).all()


def wrong_shape(batch):
    batch.input = np.ones((2, 2, 2))


def fractions(batch):
    batch.classes = np.full((4, batch.trials), 0.5)


def target(batch):
    batch.target = 1


def seed(batch):
    batch.seed = 5


def misspelt(batch):
    batch.inputs = batch.input


def condition(batch):
    batch.conditions["e"] = 1


@pytest.mark.parametrize(
    "generate, error, words",
    [
        (wrong_shape, na.InvalidError, r"TrialBatch.input: expected shape \[4, 3, 3\], got \[2, 2, 2\]"),
        (fractions, na.InvalidError, "TrialBatch.classes: expected whole numbers"),
        (target, AttributeError, "TrialBatch.target: there is none"),
        (seed, AttributeError, "TrialBatch.seed cannot be set"),
        (misspelt, AttributeError, "did you mean 'input'"),
        (condition, na.UnknownNameError, "'e', but c"),
        (lambda batch: np.ones(3), TypeError, r"generate\(\) returned array.*batch.input"),
        (lambda batch: (yield), TypeError, r"generate\(\) returned <generator"),
    ],
)
def test_what_a_task_must_not_do_is_said(generate, error, words):
    with pytest.raises(error, match=words):
        na.Task(generate, steps=4, conditions=["c"]).trials(small(), 3)


def test_assigning_to_synapses_writes_them():
    class Half(na.Constraint):
        def wire(self, synapses):
            synapses.exists = np.tri(6)
            synapses.plastic = synapses.exists
            synapses.sign = -1
            with pytest.raises(AttributeError, match="there is none"):
                synapses.weight = 1

        def project(self, synapses):
            synapses.weight = np.full((6, 6), -0.5)
            for name in ("exists", "plastic"):
                with pytest.raises(AttributeError, match="can only be read but in wire"):
                    setattr(synapses, name, 1)
            with pytest.raises(AttributeError, match="can only be read but in wire"):
                synapses.sign = 1

    net = na.Network(20).population("E", 6).connect("E", "E").constrain("E", "E", Half()).build()
    assert (net.weights("E", "E") == -0.5 * np.tri(6, k=-1)).all()


@pytest.mark.parametrize("method", ["wire", "project"])
def test_a_constraint_returns_nothing(method):
    returning = type("Returning", (na.Constraint,), {method: lambda self, synapses: np.ones((6, 6))})
    with pytest.raises(TypeError, match=rf"{method}\(\) returned array"):
        na.Network(20).population("E", 6).connect("E", "E").constrain("E", "E", returning()).build()


def test_a_rule_s_step_returns_nothing_and_writes_by_assignment():
    def step(s):
        s.change = s.change + 1
        with pytest.raises(AttributeError, match="LocalStep.pre can only be read"):
            s.pre = 1
        with pytest.raises(ValueError):
            s.pre[:] = 1

    rule = na.LocalRule(step)
    g = na.Trainer(small(), cost=na.CrossEntropy("choice"), rule=rule).gradient(trials())
    assert (g["E"] == 5).all()
    with pytest.raises(TypeError, match=r"step\(\) returned 3"):
        na.Trainer(small(), cost=na.CrossEntropy("choice"), rule=na.LocalRule(lambda s: 3)).gradient(trials())


def test_progress_and_judgements_are_read():
    def look(now):
        with pytest.raises(AttributeError):
            now.cost = 3
        with pytest.raises(TypeError):
            now.costs["total"] = 3

    trainer().fit(1, progress=False, callback=look)

    def judge(j):
        with pytest.raises(AttributeError):
            j.correct = True
        with pytest.raises(AttributeError, match="can only be read"):
            j.output = 1
        return True, 1

    na.evaluate(small(), na.Task(lambda batch: None, steps=3, judge=judge), 2)


def test_every_array_that_is_shown_is_declared():
    shown = [_callback.Synapses, _callback.OutputBatch, _callback.RateBatch, _callback.ErrorBatch]
    for cls in [*shown, _callback.LocalStep, _callback.TrialBatch, _callback.Judgement]:
        arrays = [name for name, value in vars(cls).items() if isinstance(value, _callback.Shows)]
        assert arrays and all(name in cls.__doc__ for name in arrays if name[0] != "_")


def test_tasks_of_the_library_are_whole_values():
    for name in tasks.available():
        made = tasks.named(name)()
        for parameter in type(made).parameters:
            with pytest.raises(AttributeError, match="replace"):
                setattr(made, parameter, 1)
