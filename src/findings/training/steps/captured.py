"""A whole training step as one CUDA graph: small networks otherwise wait for the host to launch their kernels."""

import torch
from torch import nn

from findings.config.schema import Config
from findings.data.stream import Stream
from findings.training.metrics import ErrorAndLoss
from findings.training.schedule import LearningRate
from findings.training.steps.fast import Fast

FIRST = 3  # steps before the capture: momentum, workspaces and compiled kernels come to be in them


class Captured(Fast):
    """Fast steps of which everything that changes lies on the device: position, learning rate, counters.

    The first steps of a process are made one kernel after the other, on the stream of the capture; they are steps of
    the run like any other, so a capture needs no copy of the weights to go back to. An epoch's last, smaller batch is
    always made so. On a CPU every step is: what the graph would hold then runs as it stands, which is how it is tested.
    """

    kind = "captured"

    def __init__(
        self,
        network: nn.Module,
        stream: Stream,
        optimizer: torch.optim.Optimizer,
        config: Config,
        learning_rate: LearningRate,
    ) -> None:
        super().__init__(network, stream, optimizer, config, learning_rate)
        device = stream.images.device
        self.position = torch.zeros((), dtype=torch.int64, device=device)
        self.wrong = torch.zeros((), dtype=torch.int64, device=device)
        self.summed = torch.zeros((), dtype=torch.float64, device=device)
        self.rate = torch.zeros((), device=device)
        self.rate_set: float | None = None
        self.update.set_rate(self.rate)
        self.side = torch.cuda.Stream(device) if device.type == "cuda" else None
        self.graph: torch.cuda.CUDAGraph | None = None
        self.made = 0  # steps in this process

    def run(self, epoch: int, start: int, stop: int, seen: ErrorAndLoss) -> None:
        self.batches.prepare(epoch)
        self.position.fill_(start)
        self.wrong.copy_(seen.wrong)
        self.summed.copy_(seen.loss)
        images = 0
        for position in range(start, stop):
            self.set_rate(epoch * self.steps_per_epoch + position)
            size = min(self.full, len(self.batches.order) - position * self.full)
            if size < self.full:
                self.step(*self.batches.at(position), self.wrong, self.summed)
            else:
                self.full_step()
            images += size
        seen.wrong.copy_(self.wrong)
        seen.loss.copy_(self.summed)
        seen.images += images

    def set_rate(self, iteration: int) -> None:
        rate = self.rate_at(iteration)
        if rate != self.rate_set:  # of most schedules a few times in a run
            self.rate.fill_(rate)
            self.rate_set = rate

    def full_step(self) -> None:
        if self.side is None:
            self.device_step()
        elif self.graph is not None:
            self.graph.replay()
        elif self.made < FIRST:
            self.side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(self.side):
                self.device_step()
            torch.cuda.current_stream().wait_stream(self.side)
        else:
            self.graph = self.capture()
            self.graph.replay()
        self.made += 1

    def capture(self) -> torch.cuda.CUDAGraph:
        """Nothing is computed by it. Gradients are to come to be within, in the graph's own memory."""
        self.update.forget_gradients()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self.side, capture_error_mode="thread_local"):
            self.device_step()
        return graph

    def device_step(self) -> None:
        """One update of a full batch, and on to the next; reads and writes tensors that stay where they are."""
        images, labels = self.batches.at_device(self.position)
        self.step(images, labels, self.wrong, self.summed)
        self.position += 1
