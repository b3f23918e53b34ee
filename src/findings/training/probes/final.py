"""What every run's record says of its end, from the logits of the last evaluation: no further pass over the images."""

from torch import Tensor

from findings.training.lightning import classification
from findings.training.probes import END, Number
from findings.training.probes.moment import Moment

BINS = 15  # of confidence; Guo et al. 2017, section 4
TOP = 5


class Final:
    """Calibration error of the test set, and top-5 error where there are more than ten classes; in percent."""

    name = "final"
    at = (END,)

    def measure(self, moment: Moment) -> list[Number]:
        assert moment.logits is not None
        numbers = [Number("test", "calibration_error", calibration_error(moment.logits, moment.test.labels))]
        if moment.config.data.classes > 2 * TOP:
            numbers.insert(0, Number("test", "top5_error", top5_error(moment.logits, moment.test.labels)))
        return numbers


def calibration_error(logits: Tensor, labels: Tensor) -> float:  # (N, classes), (N,)
    """Expected calibration error in percent: the mean distance of confidence from accuracy over 15 equal bins."""
    probabilities = logits.softmax(1)  # torchmetrics takes logits that lie between 0 and 1 for probabilities
    if not probabilities.isfinite().all():
        return float("nan")
    return 100 * float(
        classification.multiclass_calibration_error(probabilities, labels, logits.shape[1], n_bins=BINS, norm="l1")
    )


def top5_error(logits: Tensor, labels: Tensor) -> float:
    """In percent: images whose label is none of the five likeliest classes."""
    return 100 * (
        1 - float(classification.multiclass_accuracy(logits, labels, logits.shape[1], average="micro", top_k=TOP))
    )
