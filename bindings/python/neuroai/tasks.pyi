"""The tasks of the library, and what each is, as the library describes them: written by ``make tasks``, not by hand."""

from typing import Any, ClassVar

from ._builtin_tasks import YANG_RULES as YANG_RULES
from ._builtin_tasks import BuiltinTask as BuiltinTask
from ._builtin_tasks import Values
from ._builtin_tasks import available as available
from ._builtin_tasks import named as named
from ._builtin_tasks import parameters as parameters
from ._builtin_tasks import wcst_curriculum as wcst_curriculum
from .neurogym import Neurogym as Neurogym

class PerceptualDecisionMaking(BuiltinTask):
    """The task "perceptual-decision-making". Which of two noisy stimuli is stronger? Inputs: fixation cue, two stimuli. Classes: fixate, 1, 2.

    Channels: 3 in, 3 out (classes).
    Epochs: fixation, stimulus, delay, decision. Conditions: coherence (%), signed_coherence (%), target, stimulus (ms).

    Parameters, with default and range:

        fixation = 100 ms [0, 1e+07]: duration of fixation
        stimulus = 2000 ms [0, 1e+07]: duration of the stimulus epoch
        delay = 0 ms [0, 1e+07]: duration from the end of the stimulus to the decision
        decision = 100 ms [0, 1e+07]: duration of the decision epoch
        sigma = 1 sqrt(ms) [0, 1e+06]: noise of the stimuli, of standard deviation sigma / sqrt(dt)
        coherence = 0 % [0, 100]: difference between the two stimuli
        cue_until_decision = 0 [0, 1]: 0: the cue is on during fixation, as in neurogym; 1: until the decision, so that its end is the signal to answer
    """

    task_name: ClassVar[str] = "perceptual-decision-making"
    n_inputs: int = 3
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 3
    classes: bool = True
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("coherence", "signed_coherence", "target", "stimulus")
    epochs: tuple[str, ...] = ("fixation", "stimulus", "delay", "decision")

    def __init__(
        self,
        *,
        fixation: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        decision: Values = ...,
        sigma: Values = ...,
        coherence: Values = ...,
        cue_until_decision: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        fixation: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        decision: Values = ...,
        sigma: Values = ...,
        coherence: Values = ...,
        cue_until_decision: float = ...,
    ) -> PerceptualDecisionMaking: ...
    @property
    def fixation(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def decision(self) -> float | Any: ...
    @property
    def sigma(self) -> float | Any: ...
    @property
    def coherence(self) -> float | Any: ...
    @property
    def cue_until_decision(self) -> float: ...

class DelayComparison(BuiltinTask):
    """The task "delay-comparison". Which of two frequencies, a delay apart, was higher? Inputs: fixation cue, frequency. Classes: fixate, 1, 2.

    Channels: 2 in, 3 out (classes).
    Epochs: fixation, stimulus1, delay, stimulus2, decision. Conditions: difference (Hz), f1 (Hz), f2 (Hz), delay (ms), target.

    Parameters, with default and range:

        fixation = 500 ms [0, 1e+07]: duration of fixation
        stimulus1 = 500 ms [0, 1e+07]: duration of the first stimulus
        delay = 1000 ms [0, 1e+07]: duration between the two stimuli
        stimulus2 = 500 ms [0, 1e+07]: duration of the second stimulus
        decision = 100 ms [0, 1e+07]: duration of the decision epoch
        sigma = 1 sqrt(ms) [0, 1e+06]: noise of the stimuli, of standard deviation sigma / sqrt(dt)
        frequency = 10 Hz [0, 1000]: the lower frequency
        difference = 8 Hz [0, 1000]: how much the other frequency is higher
    """

    task_name: ClassVar[str] = "delay-comparison"
    n_inputs: int = 2
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 3
    classes: bool = True
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("difference", "f1", "f2", "delay", "target")
    epochs: tuple[str, ...] = ("fixation", "stimulus1", "delay", "stimulus2", "decision")

    def __init__(
        self,
        *,
        fixation: Values = ...,
        stimulus1: Values = ...,
        delay: Values = ...,
        stimulus2: Values = ...,
        decision: Values = ...,
        sigma: Values = ...,
        frequency: Values = ...,
        difference: Values = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        fixation: Values = ...,
        stimulus1: Values = ...,
        delay: Values = ...,
        stimulus2: Values = ...,
        decision: Values = ...,
        sigma: Values = ...,
        frequency: Values = ...,
        difference: Values = ...,
    ) -> DelayComparison: ...
    @property
    def fixation(self) -> float | Any: ...
    @property
    def stimulus1(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def stimulus2(self) -> float | Any: ...
    @property
    def decision(self) -> float | Any: ...
    @property
    def sigma(self) -> float | Any: ...
    @property
    def frequency(self) -> float | Any: ...
    @property
    def difference(self) -> float | Any: ...

class DelayMatchSample(BuiltinTask):
    """The task "delay-match-sample". Is the test the same as the sample before the delay? Inputs: fixation cue, a ring of 2. Classes: fixate, match, non-match.

    Channels: 3 in, 3 out (classes).
    Epochs: fixation, sample, delay, test, decision. Conditions: target, sample (rad), test (rad), delay (ms).

    Parameters, with default and range:

        fixation = 300 ms [0, 1e+07]: duration of fixation
        sample = 500 ms [0, 1e+07]: duration of the sample
        delay = 1000 ms [0, 1e+07]: duration between sample and test
        test = 500 ms [0, 1e+07]: duration of the test
        decision = 900 ms [0, 1e+07]: duration of the decision epoch
        sigma = 1 sqrt(ms) [0, 1e+06]: noise of the stimuli, of standard deviation sigma / sqrt(dt)
    """

    task_name: ClassVar[str] = "delay-match-sample"
    n_inputs: int = 3
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 3
    classes: bool = True
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("target", "sample", "test", "delay")
    epochs: tuple[str, ...] = ("fixation", "sample", "delay", "test", "decision")

    def __init__(
        self,
        *,
        fixation: Values = ...,
        sample: Values = ...,
        delay: Values = ...,
        test: Values = ...,
        decision: Values = ...,
        sigma: Values = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        fixation: Values = ...,
        sample: Values = ...,
        delay: Values = ...,
        test: Values = ...,
        decision: Values = ...,
        sigma: Values = ...,
    ) -> DelayMatchSample: ...
    @property
    def fixation(self) -> float | Any: ...
    @property
    def sample(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def test(self) -> float | Any: ...
    @property
    def decision(self) -> float | Any: ...
    @property
    def sigma(self) -> float | Any: ...

class DelayMatchCategory(BuiltinTask):
    """The task "delay-match-category". Are test and sample in the same half of the circle? Inputs: fixation cue, a ring of 16. Classes: fixate, match, non-match, due during the test.

    Channels: 17 in, 3 out (classes).
    Epochs: fixation, sample, delay, test. Conditions: target, sample (rad), test (rad), delay (ms).

    Parameters, with default and range:

        fixation = 500 ms [0, 1e+07]: duration of fixation
        sample = 650 ms [0, 1e+07]: duration of the sample
        delay = 1000 ms [0, 1e+07]: duration between sample and test
        test = 650 ms [0, 1e+07]: duration of the test, during which the answer is due
        sigma = 1 sqrt(ms) [0, 1e+06]: noise of the stimuli, of standard deviation sigma / sqrt(dt)
    """

    task_name: ClassVar[str] = "delay-match-category"
    n_inputs: int = 17
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 3
    classes: bool = True
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("target", "sample", "test", "delay")
    epochs: tuple[str, ...] = ("fixation", "sample", "delay", "test")

    def __init__(
        self,
        *,
        fixation: Values = ...,
        sample: Values = ...,
        delay: Values = ...,
        test: Values = ...,
        sigma: Values = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        fixation: Values = ...,
        sample: Values = ...,
        delay: Values = ...,
        test: Values = ...,
        sigma: Values = ...,
    ) -> DelayMatchCategory: ...
    @property
    def fixation(self) -> float | Any: ...
    @property
    def sample(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def test(self) -> float | Any: ...
    @property
    def sigma(self) -> float | Any: ...

class ContextDecisionMaking(BuiltinTask):
    """The task "context-decision-making". Which of two stimuli is stronger in the modality that counts? Inputs: fixation cue, two stimuli of each of two modalities, two contexts. Classes: fixate, 1, 2. As it is in neurogym, the default, no input tells when the delay is over, and networks learn to fixate for good: ``cue_until_decision=1``, or a delay that is always the same (``delay_min`` = ``delay_max``), makes it a task that can be learnt.

    Channels: 7 in, 3 out (classes).
    Epochs: fixation, stimulus, delay, decision. Conditions: signed_coherence (%), signed_coherence1 (%), signed_coherence2 (%), context, delay (ms), target.

    Parameters, with default and range:

        fixation = 300 ms [0, 1e+07]: duration of fixation
        stimulus = 750 ms [0, 1e+07]: duration of the stimulus epoch
        delay = 600 ms [0.001, 1e+07]: mean of the exponential from which the delay is drawn
        delay_min = 300 ms [0, 1e+07]: shortest delay
        delay_max = 3000 ms [0, 1e+07]: longest delay
        decision = 100 ms [0, 1e+07]: duration of the decision epoch
        sigma = 1 sqrt(ms) [0, 1e+06]: noise of the stimuli, of standard deviation sigma / sqrt(dt)
        context = 1 [1, 2]: the modality that counts
        coherence1 = 5 % [0, 100]: difference between the stimuli of modality 1
        coherence2 = 5 % [0, 100]: difference between the stimuli of modality 2
        cue_until_decision = 0 [0, 1]: 0: the cue is on during fixation, as in neurogym; 1: until the decision, so that its end is the signal to answer
    """

    task_name: ClassVar[str] = "context-decision-making"
    n_inputs: int = 7
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 3
    classes: bool = True
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("signed_coherence", "signed_coherence1", "signed_coherence2", "context", "delay", "target")
    epochs: tuple[str, ...] = ("fixation", "stimulus", "delay", "decision")

    def __init__(
        self,
        *,
        fixation: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        delay_min: Values = ...,
        delay_max: Values = ...,
        decision: Values = ...,
        sigma: Values = ...,
        context: Values = ...,
        coherence1: Values = ...,
        coherence2: Values = ...,
        cue_until_decision: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        fixation: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        delay_min: Values = ...,
        delay_max: Values = ...,
        decision: Values = ...,
        sigma: Values = ...,
        context: Values = ...,
        coherence1: Values = ...,
        coherence2: Values = ...,
        cue_until_decision: float = ...,
    ) -> ContextDecisionMaking: ...
    @property
    def fixation(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def delay_min(self) -> float | Any: ...
    @property
    def delay_max(self) -> float | Any: ...
    @property
    def decision(self) -> float | Any: ...
    @property
    def sigma(self) -> float | Any: ...
    @property
    def context(self) -> float | Any: ...
    @property
    def coherence1(self) -> float | Any: ...
    @property
    def coherence2(self) -> float | Any: ...
    @property
    def cue_until_decision(self) -> float: ...

class MultisensoryIntegration(BuiltinTask):
    """The task "multisensory-integration". Which of two stimuli is stronger, over both modalities? Inputs: fixation cue, two stimuli of each of two modalities. Classes: fixate, 1, 2.

    Channels: 5 in, 3 out (classes).
    Epochs: fixation, stimulus, decision. Conditions: coherence (%), signed_coherence (%), share, target.

    Parameters, with default and range:

        fixation = 300 ms [0, 1e+07]: duration of fixation
        stimulus = 750 ms [0, 1e+07]: duration of the stimulus epoch
        decision = 100 ms [0, 1e+07]: duration of the decision epoch
        sigma = 1 sqrt(ms) [0, 1e+06]: noise of the stimuli, of standard deviation sigma / sqrt(dt)
        coherence = 5 % [0, 100]: difference between the stimuli, both modalities together
    """

    task_name: ClassVar[str] = "multisensory-integration"
    n_inputs: int = 5
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 3
    classes: bool = True
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("coherence", "signed_coherence", "share", "target")
    epochs: tuple[str, ...] = ("fixation", "stimulus", "decision")

    def __init__(
        self,
        *,
        fixation: Values = ...,
        stimulus: Values = ...,
        decision: Values = ...,
        sigma: Values = ...,
        coherence: Values = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        fixation: Values = ...,
        stimulus: Values = ...,
        decision: Values = ...,
        sigma: Values = ...,
        coherence: Values = ...,
    ) -> MultisensoryIntegration: ...
    @property
    def fixation(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def decision(self) -> float | Any: ...
    @property
    def sigma(self) -> float | Any: ...
    @property
    def coherence(self) -> float | Any: ...

class GoNogo(BuiltinTask):
    """The task "go-nogo". Go after one stimulus, not after the other. Inputs: fixation cue, no-go, go. Classes: fixate, go.

    Channels: 3 in, 2 out (classes).
    Epochs: fixation, stimulus, delay, decision. Conditions: target.

    Parameters, with default and range:

        fixation = 0 ms [0, 1e+07]: duration of fixation
        stimulus = 500 ms [0, 1e+07]: duration of the stimulus epoch
        delay = 500 ms [0, 1e+07]: duration from the end of the stimulus to the decision
        decision = 500 ms [0, 1e+07]: duration of the decision epoch
        go_probability = 0.5 [0, 1]: probability of a go trial
    """

    task_name: ClassVar[str] = "go-nogo"
    n_inputs: int = 3
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 2
    classes: bool = True
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("target",)
    epochs: tuple[str, ...] = ("fixation", "stimulus", "delay", "decision")

    def __init__(
        self,
        *,
        fixation: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        decision: Values = ...,
        go_probability: Values = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        fixation: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        decision: Values = ...,
        go_probability: Values = ...,
    ) -> GoNogo: ...
    @property
    def fixation(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def decision(self) -> float | Any: ...
    @property
    def go_probability(self) -> float | Any: ...

class ReadySetGo(BuiltinTask):
    """The task "ready-set-go". Measure an interval and produce it. Inputs: fixation cue, ready, set. Classes: fixate, go. Judged by when the first go is.

    Channels: 3 in, 2 out (classes).
    Epochs: fixation, interval, set, production, ready. Conditions: interval (ms), production (ms), set (ms).

    Parameters, with default and range:

        fixation = 100 ms [0, 1e+07]: duration of fixation, before the ready pulse
        ready = 83 ms [0, 1e+07]: duration of the ready pulse
        interval_min = 800 ms [0, 1e+07]: shortest interval from ready to set
        interval_max = 1500 ms [0, 1e+07]: longest interval from ready to set
        set = 83 ms [0, 1e+07]: duration of the set pulse
        gain = 1 [0.001, 100]: the interval to be produced, in intervals measured
        margin = 0.2 [0, 100]: of what is correct, in intervals to be produced
    """

    task_name: ClassVar[str] = "ready-set-go"
    n_inputs: int = 3
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 2
    classes: bool = True
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("interval", "production", "set")
    epochs: tuple[str, ...] = ("fixation", "interval", "set", "production", "ready")

    def __init__(
        self,
        *,
        fixation: Values = ...,
        ready: Values = ...,
        interval_min: Values = ...,
        interval_max: Values = ...,
        set: Values = ...,
        gain: Values = ...,
        margin: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        fixation: Values = ...,
        ready: Values = ...,
        interval_min: Values = ...,
        interval_max: Values = ...,
        set: Values = ...,
        gain: Values = ...,
        margin: float = ...,
    ) -> ReadySetGo: ...
    @property
    def fixation(self) -> float | Any: ...
    @property
    def ready(self) -> float | Any: ...
    @property
    def interval_min(self) -> float | Any: ...
    @property
    def interval_max(self) -> float | Any: ...
    @property
    def set(self) -> float | Any: ...
    @property
    def gain(self) -> float | Any: ...
    @property
    def margin(self) -> float: ...

class SongRandomDots(BuiltinTask):
    """The task "song-random-dots". Random dots of Song et al. (2016). Inputs: two stimuli. Targets of two outputs.

    Channels: 2 in, 2 out (targets).
    Epochs: fixation, stimulus, decision. Conditions: coherence (%), signed_coherence (%), stimulus (ms), onset (ms), target.

    Parameters, with default and range:

        fixation = 100 ms [0, 1e+07]: duration of fixation
        low = 0.2 [-1e+06, 1e+06]: target of an output that is not chosen
        high = 1 [-1e+06, 1e+06]: target of the output that is chosen
        catch = 0.0909091 [0, 1]: probability of a catch trial
        catch_duration = 2000 ms [0, 1e+07]: duration of a catch trial
        coherence = 3.2 % [0, 100]: difference between the two stimuli
        decision = 300 ms [0, 1e+07]: duration of the decision epoch
        stimulus = 800 ms [0, 1e+07]: duration of the stimulus epoch
    """

    task_name: ClassVar[str] = "song-random-dots"
    n_inputs: int = 2
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 2
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("coherence", "signed_coherence", "stimulus", "onset", "target")
    epochs: tuple[str, ...] = ("fixation", "stimulus", "decision")

    def __init__(
        self,
        *,
        fixation: Values = ...,
        low: Values = ...,
        high: Values = ...,
        catch: Values = ...,
        catch_duration: Values = ...,
        coherence: Values = ...,
        decision: Values = ...,
        stimulus: Values = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        fixation: Values = ...,
        low: Values = ...,
        high: Values = ...,
        catch: Values = ...,
        catch_duration: Values = ...,
        coherence: Values = ...,
        decision: Values = ...,
        stimulus: Values = ...,
    ) -> SongRandomDots: ...
    @property
    def fixation(self) -> float | Any: ...
    @property
    def low(self) -> float | Any: ...
    @property
    def high(self) -> float | Any: ...
    @property
    def catch(self) -> float | Any: ...
    @property
    def catch_duration(self) -> float | Any: ...
    @property
    def coherence(self) -> float | Any: ...
    @property
    def decision(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...

class SongRandomDotsVariable(BuiltinTask):
    """The task "song-random-dots-variable". Random dots of Song et al. (2016), stimuli of variable duration. Inputs: two stimuli, start cue. Targets of two outputs.

    Channels: 3 in, 2 out (targets).
    Epochs: fixation, stimulus, decision. Conditions: coherence (%), signed_coherence (%), stimulus (ms), onset (ms), target.

    Parameters, with default and range:

        fixation = 100 ms [0, 1e+07]: duration of fixation
        low = 0.2 [-1e+06, 1e+06]: target of an output that is not chosen
        high = 1 [-1e+06, 1e+06]: target of the output that is chosen
        catch = 0.0909091 [0, 1]: probability of a catch trial
        catch_duration = 2000 ms [0, 1e+07]: duration of a catch trial
        coherence = 3.2 % [0, 100]: difference between the two stimuli
        decision = 300 ms [0, 1e+07]: duration of the decision epoch
        stimulus = 330 ms [0.001, 1e+07]: mean of the exponential from which the duration of the stimulus is drawn
        stimulus_min = 80 ms [0, 1e+07]: shortest stimulus
        stimulus_max = 1500 ms [0, 1e+07]: longest stimulus
    """

    task_name: ClassVar[str] = "song-random-dots-variable"
    n_inputs: int = 3
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 2
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("coherence", "signed_coherence", "stimulus", "onset", "target")
    epochs: tuple[str, ...] = ("fixation", "stimulus", "decision")

    def __init__(
        self,
        *,
        fixation: Values = ...,
        low: Values = ...,
        high: Values = ...,
        catch: Values = ...,
        catch_duration: Values = ...,
        coherence: Values = ...,
        decision: Values = ...,
        stimulus: Values = ...,
        stimulus_min: Values = ...,
        stimulus_max: Values = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        fixation: Values = ...,
        low: Values = ...,
        high: Values = ...,
        catch: Values = ...,
        catch_duration: Values = ...,
        coherence: Values = ...,
        decision: Values = ...,
        stimulus: Values = ...,
        stimulus_min: Values = ...,
        stimulus_max: Values = ...,
    ) -> SongRandomDotsVariable: ...
    @property
    def fixation(self) -> float | Any: ...
    @property
    def low(self) -> float | Any: ...
    @property
    def high(self) -> float | Any: ...
    @property
    def catch(self) -> float | Any: ...
    @property
    def catch_duration(self) -> float | Any: ...
    @property
    def coherence(self) -> float | Any: ...
    @property
    def decision(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def stimulus_min(self) -> float | Any: ...
    @property
    def stimulus_max(self) -> float | Any: ...

class SongRandomDotsReactionTime(BuiltinTask):
    """The task "song-random-dots-reaction-time". Random dots of Song et al. (2016), answered at will. Inputs: two stimuli, start cue. Targets of two outputs; the first one above the threshold is the choice.

    Channels: 3 in, 2 out (targets).
    Epochs: fixation, stimulus, decision. Conditions: coherence (%), signed_coherence (%), stimulus (ms), onset (ms), target.

    Parameters, with default and range:

        fixation = 100 ms [0, 1e+07]: duration of fixation
        low = 0.2 [-1e+06, 1e+06]: target of an output that is not chosen
        high = 1.2 [-1e+06, 1e+06]: target of the output that is chosen
        catch = 0.454545 [0, 1]: probability of a catch trial
        catch_duration = 2000 ms [0, 1e+07]: duration of a catch trial
        coherence = 3.2 % [0, 100]: difference between the two stimuli
        grace = 300 ms [0, 1e+07]: from the start of the stimulus to that of the decision
        stimulus = 800 ms [0, 1e+07]: duration of the stimulus, to the end of the trial
        threshold = 1 [-1e+06, 1e+06]: the first output above it is the choice
    """

    task_name: ClassVar[str] = "song-random-dots-reaction-time"
    n_inputs: int = 3
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 2
    classes: bool = False
    has_times: ClassVar[bool] = True
    conditions: tuple[str, ...] = ("coherence", "signed_coherence", "stimulus", "onset", "target")
    epochs: tuple[str, ...] = ("fixation", "stimulus", "decision")

    def __init__(
        self,
        *,
        fixation: Values = ...,
        low: Values = ...,
        high: Values = ...,
        catch: Values = ...,
        catch_duration: Values = ...,
        coherence: Values = ...,
        grace: Values = ...,
        stimulus: Values = ...,
        threshold: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        fixation: Values = ...,
        low: Values = ...,
        high: Values = ...,
        catch: Values = ...,
        catch_duration: Values = ...,
        coherence: Values = ...,
        grace: Values = ...,
        stimulus: Values = ...,
        threshold: float = ...,
    ) -> SongRandomDotsReactionTime: ...
    @property
    def fixation(self) -> float | Any: ...
    @property
    def low(self) -> float | Any: ...
    @property
    def high(self) -> float | Any: ...
    @property
    def catch(self) -> float | Any: ...
    @property
    def catch_duration(self) -> float | Any: ...
    @property
    def coherence(self) -> float | Any: ...
    @property
    def grace(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def threshold(self) -> float: ...

class SongContextIntegration(BuiltinTask):
    """The task "song-context-integration". Context-dependent integration of Song et al. (2016). Inputs: two contexts, two of motion, two of colour. Targets of two outputs.

    Channels: 6 in, 2 out (targets).
    Epochs: fixation, stimulus, decision. Conditions: context, motion (%), colour (%), signed_coherence (%), target.

    Parameters, with default and range:

        fixation = 100 ms [0, 1e+07]: duration of fixation
        low = 0.2 [-1e+06, 1e+06]: target of an output that is not chosen
        high = 1 [-1e+06, 1e+06]: target of the output that is chosen
        catch = 0.0136986 [0, 1]: probability of a catch trial
        catch_duration = 2000 ms [0, 1e+07]: duration of a catch trial
        context = 1 [1, 2]: what counts: 1 motion, 2 colour
        motion = 5 % [0, 100]: coherence of motion
        colour = 5 % [0, 100]: coherence of colour
        stimulus = 800 ms [0, 1e+07]: duration of the stimulus epoch
        decision = 300 ms [0, 1e+07]: duration of the decision epoch
    """

    task_name: ClassVar[str] = "song-context-integration"
    n_inputs: int = 6
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 2
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("context", "motion", "colour", "signed_coherence", "target")
    epochs: tuple[str, ...] = ("fixation", "stimulus", "decision")

    def __init__(
        self,
        *,
        fixation: Values = ...,
        low: Values = ...,
        high: Values = ...,
        catch: Values = ...,
        catch_duration: Values = ...,
        context: Values = ...,
        motion: Values = ...,
        colour: Values = ...,
        stimulus: Values = ...,
        decision: Values = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        fixation: Values = ...,
        low: Values = ...,
        high: Values = ...,
        catch: Values = ...,
        catch_duration: Values = ...,
        context: Values = ...,
        motion: Values = ...,
        colour: Values = ...,
        stimulus: Values = ...,
        decision: Values = ...,
    ) -> SongContextIntegration: ...
    @property
    def fixation(self) -> float | Any: ...
    @property
    def low(self) -> float | Any: ...
    @property
    def high(self) -> float | Any: ...
    @property
    def catch(self) -> float | Any: ...
    @property
    def catch_duration(self) -> float | Any: ...
    @property
    def context(self) -> float | Any: ...
    @property
    def motion(self) -> float | Any: ...
    @property
    def colour(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def decision(self) -> float | Any: ...

class SongMultisensory(BuiltinTask):
    """The task "song-multisensory". Multisensory integration of Song et al. (2016). Inputs: seen and heard by units that rise with frequency, the same by units that fall, start cue. Targets of two outputs.

    Channels: 5 in, 2 out (targets).
    Epochs: fixation, stimulus, decision. Conditions: frequency (Hz), modality, target.

    Parameters, with default and range:

        fixation = 100 ms [0, 1e+07]: duration of fixation
        low = 0.2 [-1e+06, 1e+06]: target of an output that is not chosen
        high = 1 [-1e+06, 1e+06]: target of the output that is chosen
        catch = 0.2 [0, 1]: probability of a catch trial
        catch_duration = 2500 ms [0, 1e+07]: duration of a catch trial
        modality = 3 [1, 3]: 1 visual, 2 auditory, 3 both
        frequency = 9 Hz [0, 1000]: of the events
        boundary = 12.5 Hz [0, 1000]: above it output 0 is right
        stimulus = 1000 ms [0, 1e+07]: duration of the stimulus epoch
        decision = 300 ms [0, 1e+07]: duration of the decision epoch
    """

    task_name: ClassVar[str] = "song-multisensory"
    n_inputs: int = 5
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 2
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("frequency", "modality", "target")
    epochs: tuple[str, ...] = ("fixation", "stimulus", "decision")

    def __init__(
        self,
        *,
        fixation: Values = ...,
        low: Values = ...,
        high: Values = ...,
        catch: Values = ...,
        catch_duration: Values = ...,
        modality: Values = ...,
        frequency: Values = ...,
        boundary: Values = ...,
        stimulus: Values = ...,
        decision: Values = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        fixation: Values = ...,
        low: Values = ...,
        high: Values = ...,
        catch: Values = ...,
        catch_duration: Values = ...,
        modality: Values = ...,
        frequency: Values = ...,
        boundary: Values = ...,
        stimulus: Values = ...,
        decision: Values = ...,
    ) -> SongMultisensory: ...
    @property
    def fixation(self) -> float | Any: ...
    @property
    def low(self) -> float | Any: ...
    @property
    def high(self) -> float | Any: ...
    @property
    def catch(self) -> float | Any: ...
    @property
    def catch_duration(self) -> float | Any: ...
    @property
    def modality(self) -> float | Any: ...
    @property
    def frequency(self) -> float | Any: ...
    @property
    def boundary(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def decision(self) -> float | Any: ...

class SongParametricWorkingMemory(BuiltinTask):
    """The task "song-parametric-working-memory". Parametric working memory of Song et al. (2016). Inputs: frequency by units that rise and that fall with it. Targets of two outputs.

    Channels: 2 in, 2 out (targets).
    Epochs: fixation, stimulus1, delay, stimulus2, decision. Conditions: f1 (Hz), f2 (Hz), delay (ms), target.

    Parameters, with default and range:

        fixation = 100 ms [0, 1e+07]: duration of fixation
        low = 0.2 [-1e+06, 1e+06]: target of an output that is not chosen
        high = 1 [-1e+06, 1e+06]: target of the output that is chosen
        catch = 0.0909091 [0, 1]: probability of a catch trial
        catch_duration = 2000 ms [0, 1e+07]: duration of a catch trial
        frequency = 10 Hz [0, 1000]: the lower frequency
        difference = 8 Hz [0.001, 1000]: how much the other frequency is higher
        stimulus1 = 500 ms [0, 1e+07]: duration of the first stimulus
        delay_min = 2500 ms [0, 1e+07]: shortest delay
        delay_max = 3500 ms [0, 1e+07]: longest delay
        stimulus2 = 500 ms [0, 1e+07]: duration of the second stimulus
        decision = 300 ms [0, 1e+07]: duration of the decision epoch
    """

    task_name: ClassVar[str] = "song-parametric-working-memory"
    n_inputs: int = 2
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 2
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("f1", "f2", "delay", "target")
    epochs: tuple[str, ...] = ("fixation", "stimulus1", "delay", "stimulus2", "decision")

    def __init__(
        self,
        *,
        fixation: Values = ...,
        low: Values = ...,
        high: Values = ...,
        catch: Values = ...,
        catch_duration: Values = ...,
        frequency: Values = ...,
        difference: Values = ...,
        stimulus1: Values = ...,
        delay_min: Values = ...,
        delay_max: Values = ...,
        stimulus2: Values = ...,
        decision: Values = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        fixation: Values = ...,
        low: Values = ...,
        high: Values = ...,
        catch: Values = ...,
        catch_duration: Values = ...,
        frequency: Values = ...,
        difference: Values = ...,
        stimulus1: Values = ...,
        delay_min: Values = ...,
        delay_max: Values = ...,
        stimulus2: Values = ...,
        decision: Values = ...,
    ) -> SongParametricWorkingMemory: ...
    @property
    def fixation(self) -> float | Any: ...
    @property
    def low(self) -> float | Any: ...
    @property
    def high(self) -> float | Any: ...
    @property
    def catch(self) -> float | Any: ...
    @property
    def catch_duration(self) -> float | Any: ...
    @property
    def frequency(self) -> float | Any: ...
    @property
    def difference(self) -> float | Any: ...
    @property
    def stimulus1(self) -> float | Any: ...
    @property
    def delay_min(self) -> float | Any: ...
    @property
    def delay_max(self) -> float | Any: ...
    @property
    def stimulus2(self) -> float | Any: ...
    @property
    def decision(self) -> float | Any: ...

class SongEyeMovementSequence(BuiltinTask):
    """The task "song-eye-movement-sequence". Sequences of three eye movements of Song et al. (2016). Inputs: nine dots, eight sequences. Targets: where to look, x and y.

    Channels: 17 in, 2 out (targets).
    Epochs: between, fixation, movement1, movement2, movement3. Conditions: sequence, between (ms), fixation (ms), movement (ms).

    Parameters, with default and range:

        between = 1000 ms [0, 1e+07]: duration from the last trial to fixation
        fixation = 1000 ms [0, 1e+07]: duration of fixation
        movement = 500 ms [0, 1e+07]: duration of each of the three movements
        sequence = 1 [1, 8]: which sequence
        tolerance = 0.05 [0, 1e+06]: largest root mean square error of a correct trial
    """

    task_name: ClassVar[str] = "song-eye-movement-sequence"
    n_inputs: int = 17
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 2
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("sequence", "between", "fixation", "movement")
    epochs: tuple[str, ...] = ("between", "fixation", "movement1", "movement2", "movement3")

    def __init__(
        self,
        *,
        between: Values = ...,
        fixation: Values = ...,
        movement: Values = ...,
        sequence: Values = ...,
        tolerance: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        between: Values = ...,
        fixation: Values = ...,
        movement: Values = ...,
        sequence: Values = ...,
        tolerance: float = ...,
    ) -> SongEyeMovementSequence: ...
    @property
    def between(self) -> float | Any: ...
    @property
    def fixation(self) -> float | Any: ...
    @property
    def movement(self) -> float | Any: ...
    @property
    def sequence(self) -> float | Any: ...
    @property
    def tolerance(self) -> float: ...

class SongSine(BuiltinTask):
    """The task "song-sine". A sine wave of Song et al. (2016). No inputs. Target of one output.

    Channels: 0 in, 1 out (targets).
    Epochs: none. Conditions: period (ms), amplitude.

    Parameters, with default and range:

        period = 800 ms [0.001, 1e+07]: of the wave
        periods = 2 [0.001, 10000]: duration of a trial, in periods
        amplitude = 0.9 [-1e+06, 1e+06]: of the wave
        tolerance = 0.05 [0, 1e+06]: largest root mean square error of a correct trial
    """

    task_name: ClassVar[str] = "song-sine"
    n_inputs: int = 0
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 1
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("period", "amplitude")
    epochs: tuple[str, ...] = ()

    def __init__(
        self,
        *,
        period: Values = ...,
        periods: Values = ...,
        amplitude: Values = ...,
        tolerance: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        period: Values = ...,
        periods: Values = ...,
        amplitude: Values = ...,
        tolerance: float = ...,
    ) -> SongSine: ...
    @property
    def period(self) -> float | Any: ...
    @property
    def periods(self) -> float | Any: ...
    @property
    def amplitude(self) -> float | Any: ...
    @property
    def tolerance(self) -> float: ...

class Maze(BuiltinTask):
    """The task "maze". The one-choice maze of Achterberg et al. (2023): remember a goal, then take the open way that leads to it. Inputs: four goals, four ways. Classes: the ways.

    Channels: 8 in, 4 out (classes).
    Epochs: goal, delay, choices. Conditions: problem, goal, target, other.

    Parameters, with default and range:

        goal = 20 steps [1, 100000]: steps during which the goal is shown
        delay = 10 steps [0, 100000]: steps from the goal to the choices
        choices = 20 steps [1, 100000]: steps during which the open ways are shown
    """

    task_name: ClassVar[str] = "maze"
    n_inputs: int = 8
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 4
    classes: bool = True
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("problem", "goal", "target", "other")
    epochs: tuple[str, ...] = ("goal", "delay", "choices")

    def __init__(
        self,
        *,
        goal: Values = ...,
        delay: Values = ...,
        choices: Values = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        goal: Values = ...,
        delay: Values = ...,
        choices: Values = ...,
    ) -> Maze: ...
    @property
    def goal(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def choices(self) -> float | Any: ...

class WCST(BuiltinTask):
    """The task "wcst". The Wisconsin card sorting test of Liu & Wang (2024), in blocks: sort by colour or by shape, as feedback tells; the rule switches. Inputs: four cards (16), right and wrong (2); of 37 also the last cards (16) and the last choice (3). Targets: which test card (3), which rule (2). Evaluations count card trials.

    Channels: 18 or 37 in, 5 out (targets).
    Epochs: feedback, interval, centre, response. Conditions: rule, target, other, since_switch.

    Parameters, with default and range:

        feedback = 100 ms [0, 1e+07]: duration of the feedback on the last choice
        interval = 1000 ms [0, 1e+07]: duration from the feedback to the centre card
        centre = 500 ms [0, 1e+07]: duration of the centre card before the test cards
        response = 500 ms [0, 1e+07]: duration of the test cards, when the answer is due
        jitter = 200 ms [0, 1e+07]: in training intervals are longer or shorter by up to this
        trials = 20 [1, 10000]: card trials of a block
        switches = 3 [0, 10000]: of the rule in a block, at random
        apart = 1 trials [1, 10000]: from one switch to the next, at least
        every = 0 trials [0, 10000]: from one switch to the next, not at random; 0: at random
        shared = 50 blocks [1, 1e+09]: in training consecutive ones that share rules and intervals
        previous_stimulus = 1 [0, 1]: 0 or 1: the last cards are shown with the feedback, of 37 inputs
        previous_choice = 1 [0, 1]: 0 or 1: the last choice is shown with the feedback, of 37 inputs
        judged = 0 [0, 2]: 0: the card; 1: the rule; 2: both must be right
    """

    task_name: ClassVar[str] = "wcst"
    n_inputs: int = 18
    more_inputs: ClassVar[int | None] = 37
    n_outputs: int = 5
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "target", "other", "since_switch")
    epochs: tuple[str, ...] = ("feedback", "interval", "centre", "response")

    def __init__(
        self,
        *,
        feedback: float = ...,
        interval: float = ...,
        centre: float = ...,
        response: float = ...,
        jitter: float = ...,
        trials: float = ...,
        switches: float = ...,
        apart: float = ...,
        every: float = ...,
        shared: float = ...,
        previous_stimulus: float = ...,
        previous_choice: float = ...,
        judged: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        feedback: float = ...,
        interval: float = ...,
        centre: float = ...,
        response: float = ...,
        jitter: float = ...,
        trials: float = ...,
        switches: float = ...,
        apart: float = ...,
        every: float = ...,
        shared: float = ...,
        previous_stimulus: float = ...,
        previous_choice: float = ...,
        judged: float = ...,
    ) -> WCST: ...
    @property
    def feedback(self) -> float: ...
    @property
    def interval(self) -> float: ...
    @property
    def centre(self) -> float: ...
    @property
    def response(self) -> float: ...
    @property
    def jitter(self) -> float: ...
    @property
    def switches(self) -> float: ...
    @property
    def apart(self) -> float: ...
    @property
    def every(self) -> float: ...
    @property
    def shared(self) -> float: ...
    @property
    def previous_stimulus(self) -> float: ...
    @property
    def previous_choice(self) -> float: ...
    @property
    def judged(self) -> float: ...

class MasseDMS(BuiltinTask):
    """The task "masse-dms". Delayed match to sample of Masse et al. (2019): is the test direction the sample's? Inputs: 24 units tuned to direction. Classes: fixate, match, non-match, due during the test.

    Channels: 24 in, 3 out (classes).
    Epochs: fixation, sample, delay, test. Conditions: target, sample (degrees), test (degrees), delay (ms).

    Parameters, with default and range:

        fixation = 500 ms [0, 1e+07]: duration of fixation
        sample = 500 ms [0, 1e+07]: duration of the sample
        delay = 1000 ms [0, 1e+07]: duration between sample and test
        test = 500 ms [0, 1e+07]: duration of the test, during which the answer is due
        grace = 50 ms [0, 1e+07]: at the start of the test, when no output counts
        height = 4 [0, 1e+06]: of the tuning curves
        kappa = 2 [0, 100]: how narrow the tuning curves are
    """

    task_name: ClassVar[str] = "masse-dms"
    n_inputs: int = 24
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 3
    classes: bool = True
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("target", "sample", "test", "delay")
    epochs: tuple[str, ...] = ("fixation", "sample", "delay", "test")

    def __init__(
        self,
        *,
        fixation: Values = ...,
        sample: Values = ...,
        delay: Values = ...,
        test: Values = ...,
        grace: Values = ...,
        height: Values = ...,
        kappa: Values = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        fixation: Values = ...,
        sample: Values = ...,
        delay: Values = ...,
        test: Values = ...,
        grace: Values = ...,
        height: Values = ...,
        kappa: Values = ...,
    ) -> MasseDMS: ...
    @property
    def fixation(self) -> float | Any: ...
    @property
    def sample(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def test(self) -> float | Any: ...
    @property
    def grace(self) -> float | Any: ...
    @property
    def height(self) -> float | Any: ...
    @property
    def kappa(self) -> float | Any: ...

class MasseDMRS(BuiltinTask):
    """The task "masse-dmrs". Delayed match to rotated sample of Masse et al. (2019): is the test direction the sample's, turned? Inputs: 24 units tuned to direction. Classes: fixate, match, non-match, due during the test.

    Channels: 24 in, 3 out (classes).
    Epochs: fixation, sample, delay, test. Conditions: target, sample (degrees), test (degrees), delay (ms).

    Parameters, with default and range:

        fixation = 500 ms [0, 1e+07]: duration of fixation
        sample = 500 ms [0, 1e+07]: duration of the sample
        delay = 1000 ms [0, 1e+07]: duration between sample and test
        test = 500 ms [0, 1e+07]: duration of the test, during which the answer is due
        grace = 50 ms [0, 1e+07]: at the start of the test, when no output counts
        height = 4 [0, 1e+06]: of the tuning curves
        kappa = 2 [0, 100]: how narrow the tuning curves are
        rotation = 90 degrees [0, 315]: from the sample to the test that matches it, in steps of 45
    """

    task_name: ClassVar[str] = "masse-dmrs"
    n_inputs: int = 24
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 3
    classes: bool = True
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("target", "sample", "test", "delay")
    epochs: tuple[str, ...] = ("fixation", "sample", "delay", "test")

    def __init__(
        self,
        *,
        fixation: Values = ...,
        sample: Values = ...,
        delay: Values = ...,
        test: Values = ...,
        grace: Values = ...,
        height: Values = ...,
        kappa: Values = ...,
        rotation: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        fixation: Values = ...,
        sample: Values = ...,
        delay: Values = ...,
        test: Values = ...,
        grace: Values = ...,
        height: Values = ...,
        kappa: Values = ...,
        rotation: float = ...,
    ) -> MasseDMRS: ...
    @property
    def fixation(self) -> float | Any: ...
    @property
    def sample(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def test(self) -> float | Any: ...
    @property
    def grace(self) -> float | Any: ...
    @property
    def height(self) -> float | Any: ...
    @property
    def kappa(self) -> float | Any: ...
    @property
    def rotation(self) -> float: ...

class MasseDMC(BuiltinTask):
    """The task "masse-dmc". Delayed match to category of Masse et al. (2019): are both directions in the same half of the circle? Inputs: 24 units tuned to direction. Classes: fixate, match, non-match, due during the test.

    Channels: 24 in, 3 out (classes).
    Epochs: fixation, sample, delay, test. Conditions: target, sample (degrees), test (degrees), delay (ms).

    Parameters, with default and range:

        fixation = 500 ms [0, 1e+07]: duration of fixation
        sample = 500 ms [0, 1e+07]: duration of the sample
        delay = 1000 ms [0, 1e+07]: duration between sample and test
        test = 500 ms [0, 1e+07]: duration of the test, during which the answer is due
        grace = 50 ms [0, 1e+07]: at the start of the test, when no output counts
        height = 4 [0, 1e+06]: of the tuning curves
        kappa = 2 [0, 100]: how narrow the tuning curves are
    """

    task_name: ClassVar[str] = "masse-dmc"
    n_inputs: int = 24
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 3
    classes: bool = True
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("target", "sample", "test", "delay")
    epochs: tuple[str, ...] = ("fixation", "sample", "delay", "test")

    def __init__(
        self,
        *,
        fixation: Values = ...,
        sample: Values = ...,
        delay: Values = ...,
        test: Values = ...,
        grace: Values = ...,
        height: Values = ...,
        kappa: Values = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        fixation: Values = ...,
        sample: Values = ...,
        delay: Values = ...,
        test: Values = ...,
        grace: Values = ...,
        height: Values = ...,
        kappa: Values = ...,
    ) -> MasseDMC: ...
    @property
    def fixation(self) -> float | Any: ...
    @property
    def sample(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def test(self) -> float | Any: ...
    @property
    def grace(self) -> float | Any: ...
    @property
    def height(self) -> float | Any: ...
    @property
    def kappa(self) -> float | Any: ...

class YangFdgo(BuiltinTask):
    """The task "yang-fdgo". The task fdgo of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset_min = 300 ms [0, 1e+07]: shortest time before the stimulus
        onset_max = 700 ms [0, 1e+07]: longest time before the stimulus
        stimulus_min = 500 ms [0, 1e+07]: shortest time from the stimulus to go
        stimulus_max = 1500 ms [0, 1e+07]: longest time from the stimulus to go
        response = 500 ms [0, 1e+07]: time for the answer
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-fdgo"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset_min: Values = ...,
        onset_max: Values = ...,
        stimulus_min: Values = ...,
        stimulus_max: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset_min: Values = ...,
        onset_max: Values = ...,
        stimulus_min: Values = ...,
        stimulus_max: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> YangFdgo: ...
    @property
    def onset_min(self) -> float | Any: ...
    @property
    def onset_max(self) -> float | Any: ...
    @property
    def stimulus_min(self) -> float | Any: ...
    @property
    def stimulus_max(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangReactgo(BuiltinTask):
    """The task "yang-reactgo". The task reactgo of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset_min = 500 ms [0, 1e+07]: shortest time before the stimulus, which is go
        onset_max = 2500 ms [0, 1e+07]: longest time before the stimulus, which is go
        response = 500 ms [0, 1e+07]: time for the answer
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-reactgo"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset_min: Values = ...,
        onset_max: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset_min: Values = ...,
        onset_max: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> YangReactgo: ...
    @property
    def onset_min(self) -> float | Any: ...
    @property
    def onset_max(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangDelaygo(BuiltinTask):
    """The task "yang-delaygo". The task delaygo of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset = 500 ms [0, 1e+07]: time before the stimulus
        stimulus = 400 ms [0, 1e+07]: duration of the stimulus
        delay = 400 ms [0, 1e+07]: time from the end of the stimulus to go
        response = 500 ms [0, 1e+07]: time for the answer
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-delaygo"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> YangDelaygo: ...
    @property
    def onset(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangFdanti(BuiltinTask):
    """The task "yang-fdanti". The task fdanti of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset_min = 300 ms [0, 1e+07]: shortest time before the stimulus
        onset_max = 700 ms [0, 1e+07]: longest time before the stimulus
        stimulus_min = 500 ms [0, 1e+07]: shortest time from the stimulus to go
        stimulus_max = 1500 ms [0, 1e+07]: longest time from the stimulus to go
        response = 500 ms [0, 1e+07]: time for the answer
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-fdanti"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset_min: Values = ...,
        onset_max: Values = ...,
        stimulus_min: Values = ...,
        stimulus_max: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset_min: Values = ...,
        onset_max: Values = ...,
        stimulus_min: Values = ...,
        stimulus_max: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> YangFdanti: ...
    @property
    def onset_min(self) -> float | Any: ...
    @property
    def onset_max(self) -> float | Any: ...
    @property
    def stimulus_min(self) -> float | Any: ...
    @property
    def stimulus_max(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangReactanti(BuiltinTask):
    """The task "yang-reactanti". The task reactanti of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset_min = 500 ms [0, 1e+07]: shortest time before the stimulus, which is go
        onset_max = 2500 ms [0, 1e+07]: longest time before the stimulus, which is go
        response = 500 ms [0, 1e+07]: time for the answer
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-reactanti"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset_min: Values = ...,
        onset_max: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset_min: Values = ...,
        onset_max: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> YangReactanti: ...
    @property
    def onset_min(self) -> float | Any: ...
    @property
    def onset_max(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangDelayanti(BuiltinTask):
    """The task "yang-delayanti". The task delayanti of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset = 500 ms [0, 1e+07]: time before the stimulus
        stimulus = 400 ms [0, 1e+07]: duration of the stimulus
        delay = 400 ms [0, 1e+07]: time from the end of the stimulus to go
        response = 500 ms [0, 1e+07]: time for the answer
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-delayanti"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> YangDelayanti: ...
    @property
    def onset(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangDm1(BuiltinTask):
    """The task "yang-dm1". The task dm1 of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset_min = 100 ms [0, 1e+07]: shortest time before the stimuli
        onset_max = 400 ms [0, 1e+07]: longest time before the stimuli
        stimulus = 800 ms [0, 1e+07]: duration of both stimuli, which end at go
        response = 500 ms [0, 1e+07]: time for the answer
        coherence = 0.04 [0, 0.8]: how far each stimulus is from the mean strength of both
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-dm1"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset_min: Values = ...,
        onset_max: Values = ...,
        stimulus: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset_min: Values = ...,
        onset_max: Values = ...,
        stimulus: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> YangDm1: ...
    @property
    def onset_min(self) -> float | Any: ...
    @property
    def onset_max(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def coherence(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangDm2(BuiltinTask):
    """The task "yang-dm2". The task dm2 of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset_min = 100 ms [0, 1e+07]: shortest time before the stimuli
        onset_max = 400 ms [0, 1e+07]: longest time before the stimuli
        stimulus = 800 ms [0, 1e+07]: duration of both stimuli, which end at go
        response = 500 ms [0, 1e+07]: time for the answer
        coherence = 0.04 [0, 0.8]: how far each stimulus is from the mean strength of both
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-dm2"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset_min: Values = ...,
        onset_max: Values = ...,
        stimulus: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset_min: Values = ...,
        onset_max: Values = ...,
        stimulus: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> YangDm2: ...
    @property
    def onset_min(self) -> float | Any: ...
    @property
    def onset_max(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def coherence(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangContextdm1(BuiltinTask):
    """The task "yang-contextdm1". The task contextdm1 of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset_min = 100 ms [0, 1e+07]: shortest time before the stimuli
        onset_max = 400 ms [0, 1e+07]: longest time before the stimuli
        stimulus = 800 ms [0, 1e+07]: duration of both stimuli, which end at go
        response = 500 ms [0, 1e+07]: time for the answer
        coherence = 0.04 [0, 0.8]: how far each stimulus is from the mean strength of both
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-contextdm1"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset_min: Values = ...,
        onset_max: Values = ...,
        stimulus: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset_min: Values = ...,
        onset_max: Values = ...,
        stimulus: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> YangContextdm1: ...
    @property
    def onset_min(self) -> float | Any: ...
    @property
    def onset_max(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def coherence(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangContextdm2(BuiltinTask):
    """The task "yang-contextdm2". The task contextdm2 of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset_min = 100 ms [0, 1e+07]: shortest time before the stimuli
        onset_max = 400 ms [0, 1e+07]: longest time before the stimuli
        stimulus = 800 ms [0, 1e+07]: duration of both stimuli, which end at go
        response = 500 ms [0, 1e+07]: time for the answer
        coherence = 0.04 [0, 0.8]: how far each stimulus is from the mean strength of both
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-contextdm2"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset_min: Values = ...,
        onset_max: Values = ...,
        stimulus: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset_min: Values = ...,
        onset_max: Values = ...,
        stimulus: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> YangContextdm2: ...
    @property
    def onset_min(self) -> float | Any: ...
    @property
    def onset_max(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def coherence(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangMultidm(BuiltinTask):
    """The task "yang-multidm". The task multidm of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset_min = 100 ms [0, 1e+07]: shortest time before the stimuli
        onset_max = 400 ms [0, 1e+07]: longest time before the stimuli
        stimulus = 800 ms [0, 1e+07]: duration of both stimuli, which end at go
        response = 500 ms [0, 1e+07]: time for the answer
        coherence = 0.04 [0, 0.8]: how far each stimulus is from the mean strength of both
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-multidm"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset_min: Values = ...,
        onset_max: Values = ...,
        stimulus: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset_min: Values = ...,
        onset_max: Values = ...,
        stimulus: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> YangMultidm: ...
    @property
    def onset_min(self) -> float | Any: ...
    @property
    def onset_max(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def coherence(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangDelaydm1(BuiltinTask):
    """The task "yang-delaydm1". The task delaydm1 of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset = 400 ms [0, 1e+07]: time before the first stimulus
        stimulus = 400 ms [0, 1e+07]: duration of the first stimulus
        delay = 400 ms [0, 1e+07]: time between the stimuli
        second = 400 ms [0, 1e+07]: duration of the second stimulus
        wait_min = 100 ms [0, 1e+07]: shortest time from the end of the second stimulus to go
        wait_max = 300 ms [0, 1e+07]: longest time from the end of the second stimulus to go
        response = 500 ms [0, 1e+07]: time for the answer
        coherence = 0.16 [0, 0.8]: how far each stimulus is from the mean strength of both
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-delaydm1"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        second: Values = ...,
        wait_min: Values = ...,
        wait_max: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        second: Values = ...,
        wait_min: Values = ...,
        wait_max: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> YangDelaydm1: ...
    @property
    def onset(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def second(self) -> float | Any: ...
    @property
    def wait_min(self) -> float | Any: ...
    @property
    def wait_max(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def coherence(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangDelaydm2(BuiltinTask):
    """The task "yang-delaydm2". The task delaydm2 of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset = 400 ms [0, 1e+07]: time before the first stimulus
        stimulus = 400 ms [0, 1e+07]: duration of the first stimulus
        delay = 400 ms [0, 1e+07]: time between the stimuli
        second = 400 ms [0, 1e+07]: duration of the second stimulus
        wait_min = 100 ms [0, 1e+07]: shortest time from the end of the second stimulus to go
        wait_max = 300 ms [0, 1e+07]: longest time from the end of the second stimulus to go
        response = 500 ms [0, 1e+07]: time for the answer
        coherence = 0.16 [0, 0.8]: how far each stimulus is from the mean strength of both
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-delaydm2"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        second: Values = ...,
        wait_min: Values = ...,
        wait_max: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        second: Values = ...,
        wait_min: Values = ...,
        wait_max: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> YangDelaydm2: ...
    @property
    def onset(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def second(self) -> float | Any: ...
    @property
    def wait_min(self) -> float | Any: ...
    @property
    def wait_max(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def coherence(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangContextdelaydm1(BuiltinTask):
    """The task "yang-contextdelaydm1". The task contextdelaydm1 of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset = 400 ms [0, 1e+07]: time before the first stimulus
        stimulus = 400 ms [0, 1e+07]: duration of the first stimulus
        delay = 400 ms [0, 1e+07]: time between the stimuli
        second = 400 ms [0, 1e+07]: duration of the second stimulus
        wait_min = 100 ms [0, 1e+07]: shortest time from the end of the second stimulus to go
        wait_max = 300 ms [0, 1e+07]: longest time from the end of the second stimulus to go
        response = 500 ms [0, 1e+07]: time for the answer
        coherence = 0.16 [0, 0.8]: how far each stimulus is from the mean strength of both
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-contextdelaydm1"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        second: Values = ...,
        wait_min: Values = ...,
        wait_max: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        second: Values = ...,
        wait_min: Values = ...,
        wait_max: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> YangContextdelaydm1: ...
    @property
    def onset(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def second(self) -> float | Any: ...
    @property
    def wait_min(self) -> float | Any: ...
    @property
    def wait_max(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def coherence(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangContextdelaydm2(BuiltinTask):
    """The task "yang-contextdelaydm2". The task contextdelaydm2 of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset = 400 ms [0, 1e+07]: time before the first stimulus
        stimulus = 400 ms [0, 1e+07]: duration of the first stimulus
        delay = 400 ms [0, 1e+07]: time between the stimuli
        second = 400 ms [0, 1e+07]: duration of the second stimulus
        wait_min = 100 ms [0, 1e+07]: shortest time from the end of the second stimulus to go
        wait_max = 300 ms [0, 1e+07]: longest time from the end of the second stimulus to go
        response = 500 ms [0, 1e+07]: time for the answer
        coherence = 0.16 [0, 0.8]: how far each stimulus is from the mean strength of both
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-contextdelaydm2"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        second: Values = ...,
        wait_min: Values = ...,
        wait_max: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        second: Values = ...,
        wait_min: Values = ...,
        wait_max: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> YangContextdelaydm2: ...
    @property
    def onset(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def second(self) -> float | Any: ...
    @property
    def wait_min(self) -> float | Any: ...
    @property
    def wait_max(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def coherence(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangMultidelaydm(BuiltinTask):
    """The task "yang-multidelaydm". The task multidelaydm of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset = 400 ms [0, 1e+07]: time before the first stimulus
        stimulus = 400 ms [0, 1e+07]: duration of the first stimulus
        delay = 400 ms [0, 1e+07]: time between the stimuli
        second = 400 ms [0, 1e+07]: duration of the second stimulus
        wait_min = 100 ms [0, 1e+07]: shortest time from the end of the second stimulus to go
        wait_max = 300 ms [0, 1e+07]: longest time from the end of the second stimulus to go
        response = 500 ms [0, 1e+07]: time for the answer
        coherence = 0.16 [0, 0.8]: how far each stimulus is from the mean strength of both
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-multidelaydm"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        second: Values = ...,
        wait_min: Values = ...,
        wait_max: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        second: Values = ...,
        wait_min: Values = ...,
        wait_max: Values = ...,
        response: Values = ...,
        coherence: Values = ...,
        block: float = ...,
    ) -> YangMultidelaydm: ...
    @property
    def onset(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def second(self) -> float | Any: ...
    @property
    def wait_min(self) -> float | Any: ...
    @property
    def wait_max(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def coherence(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangDmsgo(BuiltinTask):
    """The task "yang-dmsgo". The task dmsgo of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset = 400 ms [0, 1e+07]: time before the first stimulus
        stimulus = 400 ms [0, 1e+07]: duration of the first stimulus
        delay = 400 ms [0, 1e+07]: time from the end of the first stimulus to the second, which is go
        response = 500 ms [0, 1e+07]: time for the answer
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-dmsgo"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> YangDmsgo: ...
    @property
    def onset(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangDmsnogo(BuiltinTask):
    """The task "yang-dmsnogo". The task dmsnogo of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset = 400 ms [0, 1e+07]: time before the first stimulus
        stimulus = 400 ms [0, 1e+07]: duration of the first stimulus
        delay = 400 ms [0, 1e+07]: time from the end of the first stimulus to the second, which is go
        response = 500 ms [0, 1e+07]: time for the answer
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-dmsnogo"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> YangDmsnogo: ...
    @property
    def onset(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangDmcgo(BuiltinTask):
    """The task "yang-dmcgo". The task dmcgo of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset = 400 ms [0, 1e+07]: time before the first stimulus
        stimulus = 400 ms [0, 1e+07]: duration of the first stimulus
        delay = 400 ms [0, 1e+07]: time from the end of the first stimulus to the second, which is go
        response = 500 ms [0, 1e+07]: time for the answer
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-dmcgo"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> YangDmcgo: ...
    @property
    def onset(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangDmcnogo(BuiltinTask):
    """The task "yang-dmcnogo". The task dmcnogo of Yang et al. (2019). Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        onset = 400 ms [0, 1e+07]: time before the first stimulus
        stimulus = 400 ms [0, 1e+07]: duration of the first stimulus
        delay = 400 ms [0, 1e+07]: time from the end of the first stimulus to the second, which is go
        response = 500 ms [0, 1e+07]: time for the answer
        block = 64 trials [1, 1e+09]: consecutive trials that share their durations and rings
    """

    task_name: ClassVar[str] = "yang-dmcnogo"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        onset: Values = ...,
        stimulus: Values = ...,
        delay: Values = ...,
        response: Values = ...,
        block: float = ...,
    ) -> YangDmcnogo: ...
    @property
    def onset(self) -> float | Any: ...
    @property
    def stimulus(self) -> float | Any: ...
    @property
    def delay(self) -> float | Any: ...
    @property
    def response(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]

class YangMixed(BuiltinTask):
    """The task "yang-mixed". The twenty tasks of Yang et al. (2019), mixed at random. Inputs: fixation, two rings of 32 units, 20 rules. Targets: fixation, a ring of 32 units.

    Channels: 85 in, 33 out (targets).
    Epochs: onset, stimulus, delay, second, wait, response. Conditions: rule, answer (rad), angle1 (rad), angle2 (rad), strength1_ring1, strength1_ring2, strength2_ring1, strength2_ring2, coherence, ignored_coherence, match, onset (ms), delay (ms), go (ms).

    Parameters, with default and range:

        rule = 0 [0, 19]: the task, 0 to 19 in the paper's order; twice as often if twice
        coherence = 0.04 [0, 0.8]: how far each stimulus is from the mean strength of both
        delayed_coherence = 0.16 [0, 0.8]: the same where stimuli are a delay apart
        block = 64 trials [1, 1e+09]: consecutive trials that share their rule, durations and rings
    """

    task_name: ClassVar[str] = "yang-mixed"
    n_inputs: int = 85
    more_inputs: ClassVar[int | None] = None
    n_outputs: int = 33
    classes: bool = False
    has_times: ClassVar[bool] = False
    conditions: tuple[str, ...] = ("rule", "answer", "angle1", "angle2", "strength1_ring1", "strength1_ring2", "strength2_ring1", "strength2_ring2", "coherence", "ignored_coherence", "match", "onset", "delay", "go")
    epochs: tuple[str, ...] = ("onset", "stimulus", "delay", "second", "wait", "response")

    def __init__(
        self,
        *,
        rule: Values = ...,
        coherence: Values = ...,
        delayed_coherence: Values = ...,
        block: float = ...,
    ) -> None: ...
    def replace(  # type: ignore[override]
        self,
        *,
        rule: Values = ...,
        coherence: Values = ...,
        delayed_coherence: Values = ...,
        block: float = ...,
    ) -> YangMixed: ...
    @property
    def rule(self) -> float | Any: ...
    @property
    def coherence(self) -> float | Any: ...
    @property
    def delayed_coherence(self) -> float | Any: ...
    @property
    def block(self) -> float: ...  # type: ignore[override]
