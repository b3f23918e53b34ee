"""Evidence as the report would read it from a sweep's tables, made up."""

from dataclasses import replace
from typing import Any

from findings.judging.claims import Claim
from findings.judging.evidence import Arm, Counts, Evidence, Plan, Run


def a_run(model: str, seed: int, error: float | None, **more: Any) -> Run:
    row = {"epoch": 5.0, "iteration": 100.0, "train_error": error, "test_error": error}
    run = Run(
        id=f"{model}-s{seed}",
        arm=model,
        model=model,
        seed=seed,
        status="finished",
        diverged=False,
        iteration=100,
        iterations=100,
        fingerprint="aa",
        device="cpu",
        precision="fp32",
        torch="2.9.0",
        wall_seconds=1.0,
        rows=(row,),
    )
    return replace(run, **more)


def an_arm(model: str, **config: Any) -> Arm:
    flat = {"model.depth": model, "recipe.iterations": 100, "recipe.lr": 0.1} | config
    return Arm(model, model, (0, 1, 2), flat, Counts(853_018, 125_000_000), "Digits", classes=10, label=model)


def evidence(samples: dict[str, list[float]], **config: dict[str, Any]) -> Evidence:
    arms = tuple(an_arm(model, **config.get(model, {})) for model in samples)
    runs = tuple(a_run(model, seed, error) for model, errors in samples.items() for seed, error in enumerate(errors))
    return Evidence(Plan("depth-degradation", "quick", "findings run quick/depth-degradation", "", arms), runs)


def claim(kind: Any = "greater", contrast: Any = None, metric: Any = "train_error", **more: Any) -> Claim:
    contrast = contrast or ({} if "order" in more else {"plain56": 1.0, "plain20": -1.0})
    return Claim("a-claim", "depth-degradation", "A sentence", kind, contrast, metric, "a paper", **more)
