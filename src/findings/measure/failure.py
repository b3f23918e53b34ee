"""A measurement that could not be made."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """Why there is no measurement. With ``where`` it is an InputError."""

    problem: str
    where: str = ""
