"""What only a GPU can show: `pytest tests/cuda` on a machine that has one. Without one nothing here is collected."""

import torch

collect_ignore_glob = [] if torch.cuda.is_available() else ["test_*.py"]
