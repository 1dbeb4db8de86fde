"""How well rules align with the exact gradient, now and over training, and its pictures."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from conftest import small
from matplotlib.colors import to_hex

import neuroai as na
from neuroai._labels import apart


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def make(rule=None, cost=None, **options):
    task = na.tasks.PerceptualDecisionMaking(fixation=40, stimulus=200, decision=40)
    cost = cost or na.CrossEntropy("choice") + 1e-3 * na.L2Rates("E I")
    options = {"batch": 8, "evaluate_trials": 20, **options}
    return na.Trainer(small(noise=0.1), task, cost, rule or na.RFLO(seed=1), na.Adam(0.01), **options)


def cosine(x, y):
    x, y = x.astype(float).ravel(), y.astype(float).ravel()
    return x @ y / np.sqrt((x @ x) * (y @ y))


def test_alignment_is_that_of_two_gradients():
    found = na.alignment(make(cost=na.CrossEntropy("choice") + 10 * na.L2Weights("E I", "*")))
    exact = make(na.BPTT(), na.CrossEntropy("choice")).gradient()
    local = make(cost=na.CrossEntropy("choice")).gradient()
    assert set(found) == set(exact) and len(found) == len(exact)
    for key, value in found.items():
        assert value.cosine == pytest.approx(cosine(exact[key], local[key]), abs=1e-9)
        ratio = np.linalg.norm(local[key].astype(float)) / np.linalg.norm(exact[key].astype(float))
        assert value.ratio == pytest.approx(ratio, rel=1e-9)
        assert value.angle == pytest.approx(np.degrees(np.arccos(value.cosine)))
    assert found["E", "choice"].cosine == pytest.approx(1)
    together = [np.concatenate([g[key].ravel() for key in exact]) for g in (exact, local)]
    assert found.total.cosine == pytest.approx(cosine(*together), abs=1e-9)


def test_trials_of_one_s_own():
    net = small()
    trials = na.Trials(np.ones((9, 4, 3)), targets=np.ones((9, 4), int))
    trainer = na.Trainer(net, None, na.CrossEntropy("choice"), na.BPTT())
    assert na.alignment(trainer, trials).total.cosine == pytest.approx(1)
    with pytest.raises(na.OrderError, match="no task"):
        na.alignment(trainer)
    track = na.AlignmentHistory(trainer, every=1, trials=trials)
    trainer.step(trials)
    assert track.measure()["E", "I"].ratio == pytest.approx(1)
    assert list(track.step) == [0, 1]


def test_what_it_says_of_itself():
    trainer = make()
    words = repr(na.alignment(trainer))
    assert words.startswith("<Alignments of rflo with the exact gradient\n") and words.endswith(">")
    rows = words.splitlines()
    assert "degrees" in rows[1] and rows[2].split()[0] == "all"
    row = next(row for row in rows if "E to choice" in row)
    assert row.split()[-3:] == ["1.000", "0.0", "1"]
    assert any("bias of I" in row for row in rows)


def test_what_one_says_of_itself():
    assert repr(na.Alignment(0.5, 2.0)) == "Alignment(cosine=0.5, ratio=2)" and na.Alignment(0.5, 2.0).angle == pytest.approx(60)
    several = na.Alignment(np.array([0.25, 0.5, 1.0]), np.ones(3))
    assert repr(several) == "<Alignment: 3 measurements, cosine 0.25 to 1>" and np.allclose(several.angle[1:], [60, 0])
    assert repr(na.Alignment(np.empty(0), np.empty(0))) == "<Alignment: 0 measurements, none>"


def test_nan_where_nothing_learns():
    trainer = make()
    trainer.net.set_plastic("I", "E", False)
    found = na.alignment(trainer)["I", "E"]
    assert np.isnan(found.cosine) and np.isnan(found.ratio) and np.isnan(found.angle)


def test_a_history_is_a_callback_that_changes_nothing():
    plain, tracked = make(na.KolenPollack(seed=3)), make(na.KolenPollack(seed=3))
    track = na.AlignmentHistory(tracked, every=4)
    first, last = plain.fit(10, progress=False), tracked.fit(10, progress=False, callback=track)
    assert (first.loss == last.loss).all() and (first.gradient_norm == last.gradient_norm).all()
    for source, target in plain.net.projections:
        assert (plain.net.weights(source, target) == tracked.net.weights(source, target)).all()
    assert list(track.step) == [0, 4, 8]
    assert track.total.cosine.shape == (3,) and set(track) == set(tracked.gradient())
    assert track["E", "I"].ratio.shape == (3,) and (track["E", "choice"].cosine > 1 - 1e-9).all()
    ends = f"cosine {track.total.cosine[0]:.3f} to {track.total.cosine[-1]:.3f}"
    assert repr(track) == f"<AlignmentHistory of kolen_pollack: 3 measurements, {ends}>"
    more = tracked.fit(2, progress=False, callback=lambda now: track(now) or now.step == 11)
    assert len(more) == 1 and len(track.step) == 3


def test_a_measurement_is_that_of_the_moment():
    trainer, other = make(), make()
    track = na.AlignmentHistory(trainer, every=3)
    trainer.fit(3, progress=False, callback=track)
    other.fit(3, progress=False)
    assert track["E", "E"].cosine[1] == na.alignment(other)["E", "E"].cosine


def test_as_a_table():
    pytest.importorskip("pandas")
    trainer = make()
    track = na.AlignmentHistory(trainer, every=2)
    trainer.fit(4, progress=False, callback=track)
    table = track.to_pandas()
    assert list(table.index) == [0, 2, 4] and list(table["E to I"]) == list(track["E", "I"].cosine)
    assert list(table["all"]) == list(track.total.cosine)


def test_errors():
    with pytest.raises(na.InvalidError, match="every is 0"):
        na.AlignmentHistory(make(), every=0)

    class Moody(na.Cost):
        on_rates_calls = 0

        def on_rates(self, batch):
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        na.alignment(make(cost=na.CrossEntropy("choice") + Moody("E")))


def test_an_exception_in_a_measurement_ends_the_run():
    trainer = make()
    track = na.AlignmentHistory(trainer, every=2)
    track._trials = na.Trials(np.ones((9, 4, 2)))
    with pytest.raises(na.Error):
        trainer.fit(10, progress=False, callback=track)
    assert trainer.updates == 2


# --- pictures --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tracks():
    found = {}
    for name, rule in {"RFLO": na.RFLO(seed=1), "e-prop": na.EProp(), "BPTT": na.BPTT()}.items():
        trainer = make(rule)
        found[name] = na.AlignmentHistory(trainer, every=2)
        trainer.fit(10, progress=False, callback=found[name])
    return found


def draw(axes):
    (ax,) = axes
    ax.figure.canvas.draw()
    return ax


def named(ax):
    return {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}


def test_lines_for_projections(tracks):
    track = tracks["RFLO"]
    ax = draw(na.plot.alignment(track))
    lines = named(ax)
    arrow = "\N{RIGHTWARDS ARROW}"
    assert set(lines) == {f"{source} {arrow} {target}" for source, target in track.net.projections} | {"all"}
    assert list(lines["all"].get_ydata()) == list(track.total.cosine)
    assert list(lines["all"].get_xdata()) == [0, 2, 4, 6, 8, 10]
    assert to_hex(lines[f"E {arrow} I"].get_color()) == na.plot.colours(track.net)["E"]
    assert {text.get_text() for text in ax.texts} == set(lines)
    assert ax.get_xlabel() == "updates" and "cosine" in ax.get_ylabel()


def test_chosen_lines(tracks):
    track = tracks["RFLO"]
    assert set(named(draw(na.plot.alignment(track, [("E", "I"), "E"])))) == {"E \N{RIGHTWARDS ARROW} I", "bias of E"}
    assert len(named(draw(na.plot.alignment(track, ("E", "I"), labels=False)))) == 1
    assert set(named(draw(na.plot.alignment(track, "I")))) == {"bias of I"}
    with pytest.raises(na.InvalidError, match="there is no .'E', 'X'."):
        na.plot.alignment(track, ("E", "X"))


def test_angles(tracks):
    ax = draw(na.plot.alignment(tracks["RFLO"], ("E", "E"), angle=True))
    (line,) = named(ax).values()
    assert line.get_ydata() == pytest.approx(np.degrees(np.arccos(tracks["RFLO"]["E", "E"].cosine)))
    low, high = ax.get_ylim()
    assert low > high and "degrees" in ax.get_ylabel()  # 0 is at the top


def test_several_rules(tracks):
    palette = ["#111111", "#222222", "#333333"]
    lines = named(draw(na.plot.alignment(tracks, ("E", "I"), palette=palette)))
    assert [(name, to_hex(line.get_color())) for name, line in lines.items()] == list(zip(tracks, palette))
    assert list(lines["e-prop"].get_ydata()) == list(tracks["e-prop"]["E", "I"].cosine)
    assert list(named(na.plot.alignment(tracks)[0])["RFLO"].get_ydata()) == list(tracks["RFLO"].total.cosine)
    with pytest.raises(na.InvalidError, match="at least one history"):
        na.plot.alignment({})
    with pytest.raises(na.InvalidError, match="one key is compared"):
        na.plot.alignment(tracks, [("E", "I"), ("I", "E")])
    with pytest.raises(na.InvalidError, match="there is no 'X'"):
        na.plot.alignment(tracks, "X")


def test_one_measurement_is_a_point(tracks):
    track = na.AlignmentHistory(make())
    lines = named(draw(na.plot.alignment(track)))
    assert all(line.get_marker() == "o" for line in lines.values())


def test_many_measurements_are_smoothed():
    trainer = make()
    track = na.AlignmentHistory(trainer, every=1)
    trainer.fit(47, progress=False, callback=track)
    ax = draw(na.plot.alignment(track, ("E", "E")))
    values = track["E", "E"].cosine
    assert list(ax.lines[1].get_ydata()) == list(values)  # faintly
    smooth = named(ax)["E \N{RIGHTWARDS ARROW} E"].get_ydata()
    assert smooth[10] == pytest.approx(values[8:12].mean()) and smooth[0] == pytest.approx(values[:2].mean())


def test_labels_keep_apart(tracks):
    assert apart([0.5, 0.5, 0.1], 0.06) == pytest.approx([0.47, 0.53, 0.1])
    assert apart([0.9, 0.2, 0.91], 0.1) == pytest.approx([0.855, 0.2, 0.955])
    assert apart([1.0, 0.99, 1.0], 0.06) == pytest.approx([0.94, 0.88, 1.0])  # within the axes
    assert apart([0.0, -0.2], 0.1) == pytest.approx([0.1, 0.0])
    assert apart([0.5, 0.5], [0.2, 0.4]) == pytest.approx([0.35, 0.65])  # room for each
    assert apart([5.0, 5.0, 5.0], 4, 3, 7) == pytest.approx([1, 5, 9])  # more than there is: beyond both ends
    assert len(apart([], 0.1)) == 0
    ax = draw(na.plot.alignment(tracks["RFLO"]))
    places = sorted(text.get_position()[1] for text in ax.texts)
    assert np.diff(places).min() > 0.06 * ax.bbox.height
