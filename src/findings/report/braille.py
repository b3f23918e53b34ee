"""Lines drawn with Braille patterns: a character is two dots wide and four high (Unicode, block 2800)."""

from collections.abc import Sequence

from rich.text import Text

ACROSS, DOWN = 2, 4  # dots of a character
BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of the dot at [row][column]
BLANK = 0x2800


class Canvas:
    """Of ``width`` x ``height`` characters; a place has the colour of the last line that went through it.

    Where the output knows no Braille (``plain``), a line is drawn with its letter instead.
    """

    def __init__(self, width: int, height: int, *, plain: bool = False) -> None:
        self.width, self.height, self.plain = width, height, plain
        self.bits = [[0] * width for _ in range(height)]
        self.colours = [[""] * width for _ in range(height)]
        self.letters = [[" "] * width for _ in range(height)]

    def line(self, points: Sequence[tuple[float, float]], colour: str, letter: str) -> None:
        """Through ``points``, each from (0, 0) at the lower left to (1, 1)."""
        dots = [
            (round(x * (self.width * ACROSS - 1)), round((1 - y) * (self.height * DOWN - 1)))
            for x, y in points
            if 0 <= x <= 1 and 0 <= y <= 1
        ]
        for (x, y), (to_x, to_y) in zip(dots, dots[1:] or dots, strict=False):
            steps = max(abs(to_x - x), abs(to_y - y), 1)
            for step in range(steps + 1):
                self._dot(round(x + (to_x - x) * step / steps), round(y + (to_y - y) * step / steps), colour, letter)

    def _dot(self, x: int, y: int, colour: str, letter: str) -> None:
        row, column = y // DOWN, x // ACROSS
        self.bits[row][column] |= BITS[y % DOWN][x % ACROSS]
        self.colours[row][column] = colour
        self.letters[row][column] = letter

    def rows(self) -> list[Text]:
        """From above."""
        return [
            Text.assemble(*((self._at(row, at), self.colours[row][at]) for at in range(self.width)))
            for row in range(self.height)
        ]

    def _at(self, row: int, column: int) -> str:
        if self.plain:
            return self.letters[row][column]
        bits = self.bits[row][column]
        return chr(BLANK + bits) if bits else " "
