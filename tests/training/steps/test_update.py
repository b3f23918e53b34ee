"""The update is that of torch's optimiser, bit for bit, and its momentum is where checkpoints look for it."""

import copy

import pytest
import torch

from findings.training.steps.update import FusedSGD, update_for

SETTINGS = [
    {"momentum": 0.9, "weight_decay": 1e-4},
    {"momentum": 0.9, "weight_decay": 5e-4, "nesterov": True},
    {"momentum": 0.0},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=["he2015", "nesterov", "no momentum"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_is_torchs(settings: dict, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    ours = [torch.randn(3, 4, dtype=dtype, requires_grad=True), torch.randn(5, dtype=dtype, requires_grad=True)]
    theirs = copy.deepcopy(ours)
    optimizer = torch.optim.SGD(theirs, lr=0.1, fused=True, **settings)
    own = torch.optim.SGD(ours, lr=0.1, fused=True, **settings)
    update = update_for(own)
    assert isinstance(update, FusedSGD)
    for step in range(5):
        if step == 3:  # as after a resume
            state = copy.deepcopy(own.state_dict())
            own = torch.optim.SGD(ours, lr=0.1, fused=True, **settings)
            own.load_state_dict(state)
            update = update_for(own)
        for mine, other in zip(ours, theirs, strict=True):
            mine.grad = torch.randn_like(mine)
            other.grad = mine.grad.clone()
        optimizer.param_groups[0]["lr"] = 0.1 / (step + 1)
        update.set_rate(0.1 / (step + 1))
        with torch.no_grad():
            update.make()
        optimizer.step()
        assert all(torch.equal(mine, other) for mine, other in zip(ours, theirs, strict=True))
    update.forget_gradients()
    assert all(tensor.grad is None for tensor in ours)
