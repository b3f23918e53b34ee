"""How a small change of the image changes the logits."""

import torch

from findings.errors import InputError
from findings.training.probes import END, Number
from findings.training.probes.moment import Moment


class Jacobian:
    """Singular values of the Jacobian of the logits by the normalised image, (classes, C H W), in evaluation mode.

    ``singular_value_mean``, ``singular_value_std`` (over the values of one image) and ``singular_value_max`` are means
    over the first ``images`` test images. Values near one and close together let signals and gradients through
    (dynamical isometry: Saxe et al. 2014, section 3; Pennington et al. 2017). It takes a backward pass for each class.
    """

    name = "jacobian"

    def __init__(self, at: list[int] = [END], images: int = 8) -> None:  # noqa: B006 (a schema's default)
        if images < 1:
            raise InputError("images", f"{images} is below 1")
        self.at, self.images = at, images

    def measure(self, moment: Moment) -> list[Number]:
        network = moment.network.requires_grad_(False)
        images = moment.test_images(self.images)[0].requires_grad_()
        rows = []
        with torch.enable_grad():
            with moment.autocast():
                totals = network(images).sum(0)  # (classes,): in evaluation mode no image sees another
            for total in totals:
                (row,) = torch.autograd.grad(total, images, retain_graph=True)
                rows.append(row.flatten(1))
                moment.heed()
        jacobians = torch.stack(rows, 1).double()  # (images, classes, C H W)
        numbers = ("singular_value_mean", "singular_value_std", "singular_value_max")
        if not jacobians.isfinite().all():
            return [Number("logits", number, None, "the Jacobian is not finite") for number in numbers]
        values = torch.linalg.svdvals(jacobians)  # (images, min(classes, C H W))
        means = values.mean(1).mean(), values.std(1, correction=0).mean(), values.amax(1).mean()
        return [Number("logits", number, float(mean)) for number, mean in zip(numbers, means, strict=True)]
