"""Messages name the Python argument and what it may be, and nothing of C."""

import numpy as np
import pytest
from conftest import small

import neuroai as na
from neuroai import _c

CE = na.CrossEntropy("choice")
LONG = "x" * 5000


def task(**values):
    return na.tasks.PerceptualDecisionMaking(**{"stimulus": 100, **values})


def trials():
    return na.Trials(np.ones((5, 4, 3)), np.zeros((5, 4), int))


def trainer(**options):
    return na.Trainer(small(), task(), CE, **options)


def agent():
    return na.Agent(na.Trainer(small(), cost=na.MSE("choice"), rule=na.RFLO()))


def net():
    return na.Network(20).input("u", 2).population("E", 3).output("z", 2)


def own_task(generate=lambda batch: None, **options):
    return na.Task(generate, **{"steps": 3, **options}).trials(small(), 2)


def judged(verdict):
    return na.evaluate(small(), na.Task(lambda batch: None, steps=3, judge=lambda judgement: verdict), 2)


class ReturnsText(na.Cost):
    def on_rates(self, batch):
        return "much"


#: What is wrong, and what the message has to say.
WRONG = {
    # numbers of updates
    "fit-text": (lambda: trainer().fit("5"), "steps: expected a whole number, got '5'"),
    "fit-half": (lambda: trainer().fit(5.5), "steps: expected a whole number, got 5.5"),
    "fit-below": (lambda: trainer().fit(-1), "steps is -1, must be at least 0"),
    "fit-beyond": (lambda: trainer().fit(2**70), "steps is 1180591620717411303424, must be"),
    # names
    "name-colon": (lambda: na.Network(20).population("E:1", 2), r"name \"E:1\" has ':' at place 2; names may have"),
    "name-space": (lambda: na.Network(20).input("E x", 2), r"name \"E x\" has ' ' at place 2; names may have"),
    "name-greek": (lambda: na.Network(20).output("α", 2), r"name \"α\" has a character beyond ASCII at place 1"),
    "name-stage": (lambda: na.Curriculum(na.Stage("a:b", 0.9)), r"name \"a:b\" has ':' at place 2"),
    # another kind of object
    "optimizer-text": (lambda: trainer(optimizer="adam"), "optimizer: expected a neuroai.Optimizer, such as .*'adam'"),
    "optimizer-class": (lambda: trainer(optimizer=na.Adam), "optimizer: .* got the class Adam itself"),
    "rule-text": (lambda: trainer(rule="bptt"), "rule: expected a neuroai.Rule"),
    "rule-class": (lambda: trainer(rule=na.RFLO), "rule: .* got the class RFLO itself"),
    "rule-optimizer": (lambda: trainer(rule=na.Adam()), "rule: expected a neuroai.Rule.*Adam"),
    "cost-none": (lambda: na.Trainer(small(), task()), "cost: expected a neuroai.Cost"),
    "cost-class": (lambda: na.Trainer(small(), task(), na.MSE), "cost: .* got the class MSE itself"),
    "task-class": (lambda: na.Trainer(small(), na.tasks.GoNogo, CE), "task: .* got the class GoNogo itself"),
    "task-text": (lambda: na.Trainer(small(), "go", CE), "task: expected"),
    "net-none": (lambda: na.Trainer(None, task(), CE), "net: expected a neuroai.Network, got None"),
    "net-text": (lambda: na.State("net"), "net: expected a neuroai.Network"),
    "net-of-trials": (lambda: task().trials(3, 1), "net: expected a neuroai.Network, got 3"),
    "net-of-evaluate": (lambda: na.evaluate("net", task()), "net: expected a neuroai.Network"),
    "curriculum": (lambda: trainer(curriculum=na.Stage("a", 0.9)), "curriculum: expected a neuroai.Curriculum"),
    "stages": (lambda: na.Curriculum("easy"), "stages: expected each a neuroai.Stage, got 'easy'"),
    "trials-array": (lambda: trainer().step(np.ones((3, 2, 3))), "trials: expected neuroai.Trials"),
    "trials-gradient": (lambda: trainer().gradient("x"), "trials: expected neuroai.Trials"),
    "constraint": (lambda: net().connect("E", "z").constrain("E", "z", "sparse"), "constraint: expected a neuroai.Cons"),
    "trainer-of-agent": (lambda: na.Agent(small()), "trainer: expected a neuroai.Trainer"),
    "trainer-of-alignment": (lambda: na.alignment(small()), "trainer: expected a neuroai.Trainer"),
    "state": (lambda: small().run(np.ones((3, 3)), state=3), "state: expected a neuroai.State"),
    # numbers
    "n-float": (lambda: net().population("F", 0.8 * 100), "n of 'F': expected a whole number, got 80.0"),
    "n-bool": (lambda: net().input("F", True), "n of 'F': expected a whole number, got True"),
    "n-text": (lambda: net().output("F", "3"), "n of 'F': expected a whole number, got '3'"),
    "n-0": (lambda: net().population("F", 0), "n of 'F' is 0"),
    "n-huge": (lambda: net().population("F", 2**70), "n: 1180591620717411303424 is outside"),
    "sign": (lambda: net().population("F", 3, "+"), r"sign: expected a whole number, got '\+'"),
    "seed-negative": (lambda: net().build(seed=-1), "seed: -1 is outside of 0 to"),
    "dt": (lambda: na.Network("20"), "dt: expected a number, got '20'"),
    "dt-none": (lambda: na.Network(None), "dt: expected a number, got None"),
    "density": (lambda: na.Sparse("much"), "density: expected a number"),
    "rate": (lambda: na.Adam("fast"), "rate: expected a number, got 'fast'"),
    "rate-set": (lambda: na.Adam().set("beta1", "x"), "beta1: expected a number, got 'x'"),
    "batch": (lambda: trainer(batch="many"), "batch: expected a number, got 'many'"),
    "batch-half": (lambda: trainer(batch=0.5), "batch is 0.5"),
    "steps-of-rule": (lambda: na.TruncatedBPTT(2.5), "steps: expected a whole number"),
    "seed-of-rule": (lambda: na.RFLO(seed="a"), "seed: expected a whole number"),
    "trials-of-state": (lambda: na.State(small(), 2.0), "trials: expected a whole number"),
    "n-of-trials": (lambda: task().trials(small(), "5"), "n: expected a whole number, got '5'"),
    "delay": (lambda: net().connect("E", "z", delay="x"), "delay: expected a number"),
    "tau": (lambda: net().set("E", tau="long"), "tau of 'E' is 'long', must be a number"),
    "tau-complex": (lambda: net().set("E", tau=1j), "tau: expected real numbers"),
    "weight": (lambda: agent().step([0, 0, 0], weight="x"), "weight: expected a number"),
    "nan-target": (lambda: agent().step([0, 0, 0], target=[np.nan] * 3), r"target\[0\] is nan"),
    "criterion": (lambda: na.Stage("a", "good"), "criterion: expected a number"),
    "stage-parameter": (lambda: na.Stage("a", 0.9, coherence="all"), "coherence: expected numbers, got 'all'"),
    "staircase": (lambda: na.Staircase("a", 1, 1), "start: expected a number"),
    "task-value": (lambda: task(stimulus="long"), "stimulus: expected numbers, got 'long'"),
    "traces": (lambda: na.LocalRule(lambda s: None, traces=1.5), "traces: expected a whole number"),
    "steps-none": (lambda: na.Task(lambda b: None).trials(small(), 1), "steps of Task is 0, must be 1"),
    "steps-text": (lambda: own_task(steps="3"), "steps: expected a whole number"),
    "fit-steps": (lambda: trainer().fit("3", progress=False), "steps: expected a whole number"),
    "random": (lambda: na.random.uniform(0.5, 1, 2), "seed: expected a whole number"),
    # names
    "name": (lambda: net().population(3, 3), "name: expected a string, got 3"),
    "names-number": (lambda: net().set(3, tau=50), "names: expected .*, got 3"),
    "names-none": (lambda: net().connect(None, "E"), "source: expected .*, got None"),
    "names-mapping": (lambda: net().connect("u", {"E": 0.5}), "target: expected .*, got {'E': 0.5}"),
    "names-set": (lambda: net().set({"E"}, tau=50), "names: expected"),
    "names-bytes": (lambda: net().set(b"E", tau=50), "names: expected"),
    "names-inside": (lambda: net().set(["E", 3], tau=50), "names: expected names, got 3"),
    "source-of-cost": (lambda: na.L2Rates(None), "names: expected"),
    "record": (lambda: small().run(steps=2, trials=1, record={"E": "x"}), "record: units of 'E': expected numbers, got 'x'"),
    "record-number": (lambda: small().run(steps=2, trials=1, record=3), "record: expected .*, got 3"),
    "nobody": (lambda: net().connect("E", "X"), "target: nothing is called 'X' among the populations or outputs: E, z"),
    "other-kind": (lambda: net().connect("z", "E"), "source: 'z' is one of the outputs, must be one of the inputs"),
    "nothing-yet": (lambda: na.Network(20).connect("a", "b"), "source: .*'a'.*none yet"),
    "size": (lambda: net().size("X"), "nothing is called 'X': there are E, u, z"),
    "parameter": (lambda: net().set("E", tua=1), "tua.*tau"),
    "parameter-of-task": (lambda: task(stimulis=1), "no parameter 'stimulis', but .*stimulus"),
    "parameter-of-trainer": (lambda: trainer().set("bacth", 1), "bacth.*batch"),
    "parameter-of-optimizer": (lambda: na.Adam().set("lr", 1), "lr.*rate"),
    "leak": (lambda: net().population("F", 2, leak="slow"), "leak: expected one of current, rate, whole, got 'slow'"),
    "transfer": (lambda: net().population("F", 2, transfer=np.tanh), "transfer: expected one of relu"),
    "feedback": (lambda: na.EProp(feedback=3), "feedback is 3, must be one of 'symmetric'"),
    "task-name": (lambda: na.tasks.parameters("go"), "there is no task 'go'; did you mean go-nogo"),
    # arrays
    "ragged": (lambda: na.Trials([[[1.0]], [[1.0], [2.0]]]), "inputs: .*different lengths"),
    "objects": (lambda: na.Trials(np.array([[[None]]])), "inputs: expected numbers, got an array of object"),
    "strings": (lambda: small().run([["a"]]), "inputs: expected numbers"),
    "dates": (lambda: small().run(np.zeros((3, 1, 3), "M8[s]")), "inputs: expected numbers, got an array of datetime64"),
    "complex": (lambda: small().run(np.ones((3, 1, 3)) * 1j), "inputs: expected real numbers, got an array of complex128"),
    "masked": (lambda: small().run(np.ma.masked_all((3, 1, 3))), "inputs: .*masked.*mask="),
    "masked-fit": (lambda: na.fit_psychometric(np.ma.masked_all(4), [1, 2, 3, 4], [5] * 4), "x: .*masked"),
    "bool-weights": (lambda: small().set_weights("E", "choice", np.ones((3, 12), bool)), "weights: .* array of bool"),
    "box": (lambda: net().place("E", box=(1, 2)), r"box: expected shape \[3\]"),
    "class-that-does-not-count": (
        lambda: na.Trainer(small(), cost=CE).step(na.Trials(np.ones((2, 1, 3)), np.full((2, 1), -1), np.zeros((2, 1)))),
        r"classes\[0\]\[0\] is -1, must be 0 to 2; in steps that do not count \(mask 0\) write 0",
    ),
    "target-that-does-not-count": (
        lambda: na.Trainer(small(), cost=na.MSE("choice")).step(
            na.Trials(np.ones((2, 1, 3)), np.full((2, 1, 3), np.nan), np.zeros((2, 1)))
        ),
        r"targets\[0\]\[0\]\[0\] is nan, must be finite; in steps that do not count write 0 and set their mask to 0",
    ),
    "real-classes": (
        lambda: na.Trials(np.ones((2, 3, 3)), np.ones((2, 3))),
        r"targets: \[2, 3\] is the shape of classes, which must be whole numbers; real targets are \[2, 3, n\]",
    ),
    "big-class": (lambda: na.Trials(np.ones((2, 1, 3)), np.full((2, 1), 2**32)), "targets: 4294967296 is beyond"),
    "float-lengths": (lambda: na.Trials(np.ones((2, 1, 3)), lengths=[1.5]), "lengths: expected whole numbers"),
    "conditions": (lambda: na.Trials(np.ones((2, 1, 3)), conditions=[1]), "conditions: expected a mapping"),
    "out": (lambda: na.State(small()).step(out=[0, 0, 0]), "out: expected an array of NumPy"),
    # order
    "not-built": (lambda: na.Network(20).population("E", 2).run(steps=3, trials=1), "not built"),
    "no-task": (lambda: na.Trainer(small(), None, CE).fit(1, progress=False), "no task"),
    "no-activity": (lambda: trainer().activity("E"), "no activity yet"),
    "a-model": (lambda: (small().save("m"), trainer().restore("m")), "a model file"),
    # callbacks
    "judge-bool": (lambda: judged(True), r"judge\(\) returned True, must return \(correct, choice\)"),
    "judge-none": (lambda: judged(None), r"judge\(\) returned None"),
    "judge-text": (lambda: judged("ab"), r"judge\(\) returned 'ab'"),
    "judge-choice": (lambda: judged((True, 1.5)), r"judge\(\) returned \(True, 1.5\)"),
    "judge-long": (lambda: judged((True, 1, 2, 3)), r"judge\(\) returned \(True, 1, 2, 3\)"),
    "judge-huge": (lambda: judged((True, 2**40)), r"judge\(\) returned"),
    "cost-text": (lambda: na.Trainer(small(), cost=CE + ReturnsText("E")).step(trials()), r"on_rates\(\) returned 'much'"),
    "generate-array": (lambda: own_task(lambda batch: batch.input), r"generate\(\) returned array"),
    "generate-no": (lambda: na.Task("x", steps=3), "generate: expected a function, got 'x'"),
    "wrong-names": (lambda: own_task(conditions=[1]), "conditions: expected names, got 1"),
    # files
    "path-none": (lambda: trainer().save(None), "path: expected the name of a file, got None"),
    "path-number": (lambda: small().save(3), "path: expected the name of a file, got 3"),
    "path-load": (lambda: na.Network.load(None), "path: expected the name of a file, got None"),
    "path-restore": (lambda: trainer().restore([]), r"path: expected the name of a file, got \[\]"),
    "path-checkpoint": (lambda: trainer().fit(1, progress=False, checkpoint=5), "checkpoint: expected the name of a file"),
    "path-csv": (lambda: trainer().history.to_csv(1), "path: expected the name of a file, got 1"),
    # length
    "long-text": (lambda: trainer(optimizer=LONG), "optimizer: expected"),
    "long-array": (lambda: trainer(rule=np.zeros((100, 100))), "rule: expected"),
    "long-list": (lambda: net().set([LONG, 3] * 50, tau=1), "names: expected"),
    "long-number": (lambda: net().population("F", 10**400), "n: .*is outside"),
}

#: Nothing of C's is in a message to a user of Python.
NEVER = ("nai_", "LP_", "->", "struct_size", "ctypes", "ops", "NULL", "<class", "argument 1")


@pytest.mark.parametrize("name", WRONG)
def test_messages(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wrong, words = WRONG[name]
    with pytest.raises((na.Error, TypeError, ValueError, AttributeError), match=words) as caught:
        wrong()
    message = str(caught.value)
    assert len(message) < 400 and not [word for word in NEVER if word in message]
    assert isinstance(caught.value, na.Error), type(caught.value)


def test_wrong_types_are_type_errors_and_errors_of_the_package():
    for wrong in (lambda: trainer(optimizer="adam"), lambda: na.Network("20"), lambda: net().population("F", 1.5)):
        with pytest.raises(TypeError) as caught:
            wrong()
        assert isinstance(caught.value, (na.InvalidError, ValueError))


@pytest.mark.parametrize(
    "message, expected",
    [
        ("net is not built yet: call nai_network_build first", "net is not built yet: call net.build() first"),
        ("call nai_trainer_create()", "call na.Trainer(net, task, ...)"),
        ("now->target[0] is nan, must be finite", "target[0] is nan, must be finite"),
        ("from: no 'x'", "source: no 'x'"),
        ("'to: x' is odd", "'to: x' is odd"),
        ("tensor 'weight: E -> I' is missing", "tensor 'weight: E -> I' is missing"),
    ],
)
def test_words_of_c_become_words_of_python(message, expected):
    assert _c.in_python(message) == expected


@pytest.mark.parametrize("steps", ["5", 5.5, None, True, -1, 2**70])
def test_updates_that_are_no_number_are_refused_before_a_progress_bar_is_shown(steps, capfd):
    with pytest.raises(na.InvalidError, match="^steps"):
        trainer().fit(steps)
    assert capfd.readouterr() == ("", "")


def test_stages_of_many_values_are_shown_in_a_line():
    stage = na.Stage("all", 0.8, coherence=np.arange(5000), stimulus=na.Staircase(2000, 500, step=250), decision=100)
    assert repr(stage) == (
        "Stage('all', criterion=0.8, coherence=[0, 1, 2, 3, 4, 5 and 4994 more], "
        "stimulus=Staircase(start=2000, hardest=500, step=250), decision=100.0)"
    )
    assert len(repr(na.Stage(LONG, 0.8, **{f"p{i}": i for i in range(500)}))) < 300
    many = na.Curriculum(*(na.Stage(f"s{i}", 0.8) for i in range(100)))
    assert repr(many).endswith("'s7' and 92 more)") and len(repr(many)) < 100
