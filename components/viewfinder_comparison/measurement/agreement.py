"""Check that a server's answers are those of the model, before anything is measured."""

from collections.abc import Sequence

from viewfinder_comparison.servers.running import RunningServer, ServerError
from viewfinder_components.formats.samples import Sample

_ASK_SECONDS = 60.0


def check_agreement(server: RunningServer, samples: Sequence[Sample], labels: list[str]) -> float:
    """Ask about every photo, and compare the answers with the evaluation's.

    Args:
        server: The server.
        samples: Photos with the evaluation's probabilities.
        labels: The classes, in the order of the probabilities.

    Returns:
        The largest difference between two probabilities.

    Raises:
        ServerError: A probability is further away than the server's tolerance, or the label is
            not that of the highest probability.
    """
    return max(_compare(server, sample, labels) for sample in samples)


def _compare(server: RunningServer, sample: Sample, labels: list[str]) -> float:
    answer = server.ask(sample.content, _ASK_SECONDS)
    remedy = "correct how this server uses the model: nothing of it was measured"
    if len(answer.probabilities) != len(labels):
        raise ServerError(
            f"{len(labels)} probabilities", f"{len(answer.probabilities)} of them", remedy
        )
    pairs = zip(answer.probabilities, sample.probabilities, strict=True)
    difference = max(abs(one - other) for one, other in pairs)
    if difference > server.server.tolerance:
        raise ServerError(
            f"probabilities within {server.server.tolerance} of the evaluation's",
            f"a difference of {difference:.3f}",
            remedy,
        )
    best = labels[max(range(len(labels)), key=answer.probabilities.__getitem__)]
    if answer.label not in (best, None):
        raise ServerError(f"the label {best!r}", repr(answer.label)[:100], remedy)
    return difference
