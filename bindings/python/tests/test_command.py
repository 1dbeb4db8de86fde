"""python -m neuroai: what it says of the installation, of files, and which pictures it draws."""

import subprocess
import sys

import numpy as np
import pytest

import neuroai as na
from neuroai.__main__ import main


@pytest.fixture
def saved(tmp_path):
    net = na.Network(dt=20).input("stimulus", 3).output("choice", 3)
    net.population("E", 8, sign=+1, noise=0.1).population("I", 2, sign=-1, tau=np.array([20.0, 40.0]))
    net.connect("stimulus", "E I").connect("E I", "E I", density=0.5).connect("E", "choice").build(seed=1)
    net.save(tmp_path / "net.safetensors")
    return net, str(tmp_path / "net.safetensors")


def said(capsys, *arguments, status=0):
    assert main(arguments) == status
    out, err = capsys.readouterr()
    assert err == "" if status == 0 else out == ""
    return out if status == 0 else err


def test_what_is_installed(capsys):
    out = said(capsys)
    kernels = na.Network(dt=1).kernels
    assert na.__version__ in out and na.build_info() in out and f"kernels   {kernels}," in out
    assert all(task in out for task in na.tasks.available())


def test_it_runs_as_a_module():
    done = subprocess.run([sys.executable, "-m", "neuroai", "tasks"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == na.tasks.available()


def test_a_reader_that_has_read_enough():
    run = subprocess.Popen([sys.executable, "-m", "neuroai", "tasks"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    run.stdout.close()
    assert (run.wait(), run.stderr.read()) == (0, b"")
    run.stderr.close()


def test_parameters_of_a_task(capsys):
    out = said(capsys, "tasks", "go-nogo")
    channels, epochs, _, *lines = out.splitlines()
    assert channels == "Channels: 3 in, 2 out (classes)."
    assert epochs == "Epochs: fixation, stimulus, delay, decision. Conditions: target."
    assert lines == [str(one) for one in na.tasks.parameters("go-nogo").values()]
    assert "there is no task 'go-nog'; did you mean go-nogo" in said(capsys, "tasks", "go-nog", status=1)


def test_a_network(saved, capsys):
    net, file = saved
    out = said(capsys, "info", file)
    assert out.startswith(f"network by neuroai {na.__version__}, dt 20 ms, ")
    assert "  population  E                      8 units: excitatory, rate, relu, tau 100 ms, noise 0.1\n" in out
    assert "  population  I                      2 units: inhibitory, rate, relu, tau by unit\n" in out
    exist = net.mask("E", "E") == 1
    weights = net.weights("E", "E")[exist]
    share = f"{exist.sum():>9} synapses ({100 * exist.mean():.3g} % of pairs)"
    assert f"  E -> E {'':<21} {share}, weights {weights.min():.3g} to {weights.max():.3g}\n" in out
    assert "training" not in out


def test_a_checkpoint(saved, tmp_path, capsys):
    net, _ = saved
    cost = na.CrossEntropy("choice") + 0.5 * na.L2Rates("E I")
    trainer = na.Trainer(net, na.tasks.PerceptualDecisionMaking(stimulus=100), cost=cost, rule=na.RFLO(seed=2))
    trainer.fit(steps=3, progress=False)
    trainer.save(tmp_path / "trainer.safetensors")
    out = said(capsys, "info", str(tmp_path / "trainer.safetensors"))
    assert out.startswith("checkpoint by neuroai")
    for line in ("task        perceptual-decision-making", "rule        rflo, by adam", "1 cross_entropy, 0.5 l2_rates", "updates     3,"):
        assert line in out


def test_a_network_with_code_of_its_users(tmp_path, capsys):
    class Own(na.Constraint):
        def __init__(self):
            super().__init__()

        def project(self, synapses):
            pass

    net = na.Network(20).input("u", 1).population("E", 3).output("z", 1).connect("u", "E").connect("E", "z")
    net.constrain("u", "E", Own()).build().save(tmp_path / "own.safetensors")
    out = said(capsys, "info", str(tmp_path / "own.safetensors"))
    assert "3 units" in out and "weights are not shown: " in out and "Own" in out


@pytest.mark.parametrize("content", [b"", b"\x08\0\0\0\0\0\0\0{}      ", b"\xff" * 64, b"\x02\0\0\0\0\0\0\0[]"])
def test_what_is_no_model_file(tmp_path, capsys, content):
    (tmp_path / "file").write_bytes(content)
    assert said(capsys, "info", str(tmp_path / "file"), status=1) == f"neuroai: {tmp_path / 'file'} is no model file of neuroai\n"
    assert "neuroai: " in said(capsys, "plot", str(tmp_path / "file"), status=1)
    assert "No such file" in said(capsys, "info", str(tmp_path / "nothing"), status=1)


def test_pictures(saved, tmp_path, capsys):
    _, file = saved
    assert said(capsys, "plot", file) == file.replace(".safetensors", ".png") + "\n"
    out = said(capsys, "plot", file, "-o", str(tmp_path / "a.svg"), "--task", "perceptual-decision-making")
    assert out.split() == [str(tmp_path / "a.svg"), str(tmp_path / "a-trial.svg")]
    assert "spectral radius" in (tmp_path / "a.svg").read_text() and "time (ms)" in (tmp_path / "a-trial.svg").read_text()
    assert "there is no task" in said(capsys, "plot", file, "--task", "dots", status=1)


def test_a_picture_of_a_network_without_recurrence(tmp_path, capsys):
    net = na.Network(20).input("u", 1).population("E", 3).output("z", 1).connect("u", "E").connect("E", "z").build()
    net.save(tmp_path / "net")
    assert said(capsys, "plot", str(tmp_path / "net")) == f"{tmp_path / 'net'}.png\n"
