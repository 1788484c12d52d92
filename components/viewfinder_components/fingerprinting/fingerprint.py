"""List the photos, and identify what the list says about each."""

from dataclasses import dataclass

from viewfinder_components.fingerprinting.config import FingerprintConfig
from viewfinder_components.photos.find import list_labelled_photos
from viewfinder_components.photos.fingerprint import Fingerprint, with_stamps
from viewfinder_components.progress import Progress
from viewfinder_components.reports.formatting import plural
from viewfinder_components.timing import Stopwatch


@dataclass(frozen=True)
class PhotosFingerprint:
    """The state of the photos."""

    value: str
    """64 hexadecimal digits: others if a photo, a label or the corrections have changed."""
    files: int
    """Everything found, photos or not."""
    seconds: dict[str, float]
    """Wall-clock seconds by phase."""

    @property
    def summary(self) -> str:
        """The result in a sentence."""
        return f"{plural(self.files, 'file')} with the fingerprint {self.value[:12]}"


def fingerprint_photos(config: FingerprintConfig) -> PhotosFingerprint:
    """Identify the photos by what their source says about them; none of them is read.

    A bucket is listed, a thousand objects per request. Only the photos that a table lists in a
    bucket need a request each.

    Args:
        config: Where the photos and the corrections are.

    Raises:
        PermanentError: There is nothing, or nothing readable.
        TransientError: An object store does not answer.
    """
    watch = Stopwatch()
    with watch.phase("list"):
        found = Fingerprint(config.corrections)
        progress = Progress("fingerprint: files", None)
        for candidate, stamp in with_stamps(list_labelled_photos(config.data, config.layout)):
            found.add(candidate, stamp)
            progress.advance()
        progress.finish()
    return PhotosFingerprint(found.value, found.files, watch.seconds)
