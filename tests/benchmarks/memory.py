"""Peak memory of validate, preprocess and batch prediction for 5,000 and for 50,000 photos."""

import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.benchmarks.processes import measure_python
from tests.benchmarks.reading import make_photo

CLASSES = 10
# Asked inside the process: what the system tells its parent includes the parent's own memory.
_PRINT_PEAK = "from tests.benchmarks.processes import read_peak_mb; print(read_peak_mb('self'))"
STEPS = {
    "validate": (
        "import sys; from pathlib import Path;"
        "from viewfinder_components.validation.validate import *;"
        "t = Path(sys.argv[2]);"
        "validate_photos(sys.argv[1], t / 'index', t / 'pixels', t / 'r.html', ValidationConfig());"
        + _PRINT_PEAK
    ),
    "preprocess": (
        "import sys; from pathlib import Path;"
        "from viewfinder_components.preprocessing.write import *;"
        "t = Path(sys.argv[2]);"
        "write_shards(t / 'index', t / 'pixels', t / 'shards', PreprocessConfig());" + _PRINT_PEAK
    ),
    # With a model that takes hardly any memory.
    "predict": (
        "import sys; from pathlib import Path;"
        "from tests.fixtures.servables import write_version;"
        "from viewfinder_components.prediction.models.local_model import LocalModel;"
        "from viewfinder_components.prediction.outputs.output import open_output;"
        "from viewfinder_components.prediction.predict import predict_files;"
        "t = Path(sys.argv[2]);"
        "m = LocalModel.open(write_version(t / 'models' / 'colour' / '1'));"
        "predict_files(sys.argv[1], open_output(str(t / 'out.parquet'), t), m);" + _PRINT_PEAK
    ),
}


def run(few: int = 5_000, many: int = 50_000) -> None:
    """Print the peak resident memory of all three for few and for many photos."""
    peaks = {count: measure_steps(count) for count in (few, many)}
    for step in STEPS:
        small, large = peaks[few][step], peaks[many][step]
        print(
            f"{step:<11}{few:,} photos {small:6.0f} MB, {many:,} photos {large:6.0f} MB, "
            f"ratio {large / small:.2f}"
        )


def measure_steps(count: int) -> dict[str, float]:
    """Return each step's peak memory in MB for `count` photos."""
    with tempfile.TemporaryDirectory() as scratch:
        photos, target = Path(scratch) / "photos", Path(scratch) / "out"
        target.mkdir()
        write_photos(photos, count)
        return {
            step: float(measure_python(code, str(photos), str(target)).output.split()[-1])
            for step, code in STEPS.items()
        }


def write_photos(folder: Path, count: int) -> None:
    """Write `count` generated photos into class folders, on all cores."""
    for label in range(CLASSES):
        (folder / f"class-{label}").mkdir(parents=True)
    with ProcessPoolExecutor() as pool:
        made = pool.map(make_photo, range(count), chunksize=256)
        for number, data in enumerate(made):
            (folder / f"class-{number % CLASSES}" / f"{number:06}.jpg").write_bytes(data)
