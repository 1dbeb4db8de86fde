"""The package as a whole: what it offers, how it describes itself, what it brings along."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import neuroai as na
from neuroai import errors


def test_everything_offered_is_there_and_documented():
    for name in na.__all__:
        thing = getattr(na, name)
        assert inspect.getdoc(thing), name
        if inspect.isclass(thing):
            for key, member in vars(thing).items():
                if not key.startswith("_") and (inspect.isfunction(member) or isinstance(member, property)):
                    function = member.fget if isinstance(member, property) else member
                    hints = set(inspect.signature(function).parameters) - {"self"} - set(function.__annotations__)
                    assert not hints and "return" in function.__annotations__, f"{name}.{key}"
                    assert inspect.getdoc(member), f"{name}.{key}"
    assert set(na.__all__) <= set(dir(na))
    assert na.__version__ in na.build_info()


def test_types_are_marked_for_type_checkers():
    assert (Path(na.__file__).parent / "py.typed").exists()


def test_plots_and_progress_bars_are_brought_only_when_used():
    program = "import sys, neuroai; print({'matplotlib', 'tqdm'} & set(sys.modules)); neuroai.plot.weights; print('ok')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\nok\n"


def test_an_unknown_attribute():
    with pytest.raises(AttributeError, match="neuroai.*RFLO2"):
        na.RFLO2


@pytest.mark.parametrize(
    "status, error, builtin",
    [
        (-1, na.InvalidError, ValueError),
        (-2, na.OutOfMemoryError, MemoryError),
        (-3, na.UnknownNameError, KeyError),
        (-4, na.OrderError, RuntimeError),
        (-5, na.NonfiniteError, FloatingPointError),
        (-6, na.FileError, OSError),
        (-7, na.FormatError, ValueError),
        (-8, na.UnsupportedError, NotImplementedError),
        (-9, na.CallbackError, RuntimeError),
        (-77, na.Error, Exception),
    ],
)
def test_each_status_has_its_exception(status, error, builtin):
    made = errors.from_status(status, "the reason")
    assert type(made) is error and isinstance(made, builtin) and isinstance(made, na.Error)
    assert str(made) == "the reason" and made.status == status


def test_status_names_of_the_library():
    from neuroai import _c

    for name in ("NAI_OK", "NAI_ERR_INVALID", "NAI_ERR_USER"):
        assert _c.nai_status_name(getattr(_c, name)).decode() == name


def test_nothing_is_printed_when_the_process_ends():
    program = """
import neuroai as na, numpy as np
class Own(na.Cost):
    def on_rates(self, batch):
        return 0.0
net = na.Network(20).input("u", 3).population("E", 4).output("z", 3).connect("u", "E").connect("E", "z").build()
trainer = na.Trainer(net, cost=na.MSE("z") + Own("E"))
trainer.step(na.Trials(np.ones((4, 2, 3)), np.ones((4, 2, 3))))
view = net.weights("u", "E")
"""
    done = subprocess.run([sys.executable, "-X", "dev", "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
