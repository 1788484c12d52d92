"""Try the predictor in each precision that this servable and this processor have."""

import logging
from dataclasses import dataclass
from pathlib import Path

from viewfinder_components.checking.config import CheckConfig
from viewfinder_components.checking.conversation import Patience
from viewfinder_components.checking.examination import Examination
from viewfinder_components.checking.precision_choice import choose_precision, judge_precision
from viewfinder_components.formats.drawn_photos import DrawnPhotos
from viewfinder_components.formats.precision import (
    AUTO,
    ENTRY,
    F32,
    PRECISIONS,
    Candidate,
    Precision,
    PrecisionChoice,
    explain_few,
    list_missing,
)
from viewfinder_components.inference import has_bfloat16
from viewfinder_components.storage.contents import Manifest
from viewfinder_components.storage.version import MANIFEST

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trials:
    """What will be tried, decided before anything is measured."""

    candidates: tuple[Precision | Candidate, ...] = ()
    """The precisions to try, and those that cannot be tried, with the reason."""
    photos: DrawnPhotos | None = None
    """The test photos to send; None if nothing is tried."""
    note: str = ""
    """Why no precision is considered, in a sentence; empty if one is."""

    @classmethod
    def plan(cls, servable_dir: Path, test_dir: Path | None, config: CheckConfig) -> "Trials":
        """Find the candidates and the photos that prove them.

        Args:
            servable_dir: What export wrote.
            test_dir: The test photos that preprocess drew; None for none.
            config: Which precision may be served, and how many photos it takes to prove it.

        Raises:
            PermanentError: The photos cannot be read.
        """
        if config.precision_served == F32:
            return cls(note=f"The setting precision_served is {F32}.")
        if test_dir is None:
            return cls(note="The check was given no test photos to prove another precision.")
        photos = DrawnPhotos.open(test_dir, "test")
        if len(photos) < config.least_photos:
            return cls(note=explain_few(len(photos), config.least_photos))
        wanted = [one for one in PRECISIONS if config.precision_served in (AUTO, one)]
        found = tuple(_prepare(one, servable_dir) for one in wanted if one != F32)
        tried = any(isinstance(one, str) for one in found)
        return cls(found, photos if tried else None)

    def run(self, plain: Examination, servable_dir: Path, patience: Patience) -> PrecisionChoice:
        """Measure the candidates one after another, and choose.

        A predictor that fails in a precision is a refusal of that precision, not an error.

        Args:
            plain: The examination in f32 with the same photos, which passed.
            servable_dir: What export wrote.
            patience: When to stop waiting for an answer.
        """
        judged = [
            one if isinstance(one, Candidate) else self._try(one, plain, servable_dir, patience)
            for one in self.candidates
        ]
        if self.photos and plain.measured:
            config, truth = plain.config, self.photos.truth
            judged.insert(0, judge_precision(plain.measured, plain.measured, truth, config))
        choice = choose_precision(judged, plain.config.tolerance, self.note)
        _log.info("check: %s", choice.reason)
        return choice

    def _try(
        self, name: Precision, plain: Examination, servable_dir: Path, patience: Patience
    ) -> Candidate:
        found = Examination(plain.samples, plain.config, name, self.photos)
        with plain.watch.phase(name):
            found.run(servable_dir, patience)
        failed = [check.sentence for check in found.checks if not check.passed]
        if failed or self.photos is None or found.measured is None or plain.measured is None:
            return Candidate(name, False, f"{name} was refused. {' '.join(failed)}")
        return judge_precision(found.measured, plain.measured, self.photos.truth, plain.config)


def _prepare(name: Precision, servable_dir: Path) -> Precision | Candidate:
    if list_missing(servable_dir, name):
        return Candidate(name, False, f"{name} was not tried. {_explain_lack(servable_dir)}")
    if name == "bf16" and not has_bfloat16():
        sentence = "bf16 was not tried. This processor does not compute in bfloat16."
        return Candidate(name, False, sentence)
    return name


def _explain_lack(servable_dir: Path) -> str:
    """Return what export says about the missing model."""
    if (servable_dir / MANIFEST).is_file():
        entry = Manifest.read(servable_dir).values.get(ENTRY)
        if entry is not None:
            return PrecisionChoice.read(entry).reason
    return "There is no int8 model."
