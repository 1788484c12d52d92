"""Numbers of any length, bit by bit."""


class Bits:
    """Reads bits, zeros beyond the end.

    Args:
        data: What to read; the most significant bit comes first.
    """

    def __init__(self, data: bytes) -> None:
        self._left = 8 * len(data)
        self._value = int.from_bytes(data, "big")

    def take(self, count: int) -> int:
        """Return the next bits as a number."""
        self._left -= count
        shifted = self._value >> self._left if self._left >= 0 else self._value << -self._left
        return shifted & ((1 << count) - 1)

    def take_exp_golomb(self) -> int:
        """Return the next number in the Exp-Golomb code: `uvlc()` of AV1, `ue(v)` of HEVC."""
        zeros = 0
        while zeros < 32 and not self.take(1):
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)
