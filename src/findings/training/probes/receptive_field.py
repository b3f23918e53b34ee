"""How much of the image a unit of the last maps is really moved by."""

import torch
from torch import Tensor, nn

from findings.errors import InputError
from findings.training.probes import END, Number
from findings.training.probes.layers import watching
from findings.training.probes.moment import Moment


class EffectiveReceptiveField:
    """The field of the centre unit of the last maps, weighted by gradients (Luo et al. 2016, sections 2 and 4).

    Every pixel weighs as much as the absolute gradient there of the centre position's channels, summed, mean over
    ``images`` test images, in evaluation mode. ``std`` is the field's standard deviation along an axis,
    ``radius_95`` the radius around its centre of mass that holds 95 % of its weight, both in pixels. The last maps are
    the last output with more than one position; a network without any has no such field.
    """

    name = "effective_receptive_field"

    def __init__(self, at: list[int] = [END], images: int = 64) -> None:  # noqa: B006 (a schema's default)
        if images < 1:
            raise InputError("images", f"{images} is below 1")
        self.at, self.images = at, images

    def measure(self, moment: Moment) -> list[Number]:
        maps: dict[str, Tensor] = {}

        def see(name: str, _: nn.Module, output: Tensor) -> None:
            if output.dim() == 4 and output[0, 0].numel() > 1:
                maps.pop(name, None)  # the last call comes last
                maps[name] = output

        network = moment.network.requires_grad_(False)
        images = moment.test_images(self.images)[0].requires_grad_()
        with torch.enable_grad(), moment.autocast(), watching(network, see):
            network(images)
        if not maps:
            remark = "no module puts out maps with more than one position"
            return [Number("", number, None, remark) for number in ("std", "radius_95")]
        name, last = list(maps.items())[-1]
        height, width = last.shape[2:]
        centre = last[:, :, height // 2, width // 2].sum()
        (gradient,) = torch.autograd.grad(centre, images)
        std, radius = extent(gradient.double().abs().sum(1).mean(0))
        remark = "" if std is not None else "no pixel moves the centre unit"
        return [Number(name, "std", std, remark), Number(name, "radius_95", radius, remark)]


def extent(field: Tensor) -> tuple[float | None, float | None]:
    """(standard deviation along an axis, radius of 95 %) in pixels, of weights (H, W); None where all are zero."""
    total = float(field.sum())
    if not 0 < total < float("inf"):
        return None, None
    share = field / total
    rows, columns = (torch.arange(length, dtype=field.dtype, device=field.device) for length in field.shape)
    row, column = (share.sum(1) * rows).sum(), (share.sum(0) * columns).sum()
    squares = (rows[:, None] - row) ** 2 + (columns[None] - column) ** 2  # (H, W)
    order = squares.flatten().argsort()
    within = share.flatten()[order].cumsum(0)
    at = int((within < 0.95).sum().clamp(max=len(within) - 1))
    return float((share * squares).sum() / 2) ** 0.5, float(squares.flatten()[order][at]) ** 0.5
