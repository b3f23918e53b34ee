"""What training took, as it was: informative, and the only probe whose numbers differ when a run is repeated."""

from findings.training.probes import END, Number
from findings.training.probes.memory import peak_memory
from findings.training.probes.moment import Moment


class Timing:
    """Milliseconds per training step, mean over this epoch so far, and peak memory in MiB.

    With whatever else the machine did meanwhile: `findings measure` compares networks on an idle one.
    """

    name = "timing"

    def __init__(self, at: list[int] = [END]) -> None:  # noqa: B006 (a schema's default, never changed)
        self.at = at

    def measure(self, moment: Moment) -> list[Number]:
        milliseconds = moment.milliseconds_per_step
        remark = "no step of this epoch was made yet" if milliseconds is None else ""
        return [
            Number("", "milliseconds_per_step", milliseconds, remark),
            Number("", "peak_memory_mib", peak_memory(moment.device)),
        ]
