"""User settings of the train step, and what training records about itself.

The defaults were chosen on two sets: 5 classes of groceries (675 photos to train on, 57 for
validation) and cats versus dogs (437 and 63). Judged by validation and by cross-validation that
holds out whole groups of similar photos, these made no difference beyond the noise of a seed:
L2-normalised, standardised, centred or square-rooted features, weight decay of 1 or 10, dropout of
.2, .5 or .7, 30 or 300 epochs. Label smoothing of .1 gained .01 of accuracy on the groceries, lost
.001 on the pets, and raised the log loss of both; so it is off. Measured afterwards on the test
photos, six seeds: groceries .893 (.884 to .899), cats versus dogs .981 (.975 to .985); with the
head `hidden-layer` .885 and .982.
"""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from viewfinder_components.errors import UsageError
from viewfinder_components.parameters import configuration
from viewfinder_components.ranges import Advice, Count, CountFromZero, Text
from viewfinder_components.shared_parameters import DEFAULT_SEED, Seed
from viewfinder_components.step import Step

Backbone = Literal["efficientnet-lite0", "mobilenet", "scratch"]
Head = Literal["", "linear", "hidden-layer"]
Precision = Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"]
ClassWeights = Literal["auto", "none"]
_LearningRate = Annotated[float, Field(ge=1e-12, le=10)]
# With 1, nothing would be left.
_Part = Annotated[float, Field(ge=0, le=0.99)]
_Folder = Annotated[
    str,
    Text("the path of a folder, or empty", lambda path: "://" not in path),
    Advice(lambda name, path: "name a folder on a disk or on a mounted volume"),
]


@configuration
class TrainConfig:
    """User settings; the defaults suit a few hundred to tens of thousands of photos."""

    backbone: Backbone = "efficientnet-lite0"
    """The network in front of the head."""
    weights: str = ""
    """Path or URI of the backbone's weights; empty for the package's own."""
    head: Head = ""
    """The layers on top of the backbone: `linear` is one to the classes, `hidden-layer` one of 64
    units and one to the classes; empty for the usual ones."""
    epochs: Count = 100
    """Maximum number of passes over the training photos.

    With kept features, a pass takes a fraction of a second.
    """
    batch_size: Count = 64
    """Photos per training step."""
    learning_rate: _LearningRate = 1e-3
    """Adam's learning rate for the head, or for the whole network when training from scratch."""
    dropout: _Part = 0.2
    """Dropout rate of the linear head.

    The head `hidden-layer` keeps its own rate of .5.
    """
    label_smoothing: _Part = 0.0
    """Share of the target spread over all classes."""
    patience: Count = 15
    """Epochs without a lower validation loss after which training stops."""
    augment: bool = False
    """Whether training photos are randomly rotated, shifted, zoomed and mirrored.

    With a frozen backbone, every epoch then costs a pass through it, as the features change.
    """
    fine_tune_epochs: CountFromZero = 0
    """Number of epochs in which the backbone is trained too, after the head."""
    fine_tune_learning_rate: _LearningRate = 1e-5
    """Adam's learning rate during fine-tuning.

    A large rate destroys the pre-trained weights.
    """
    class_weights: ClassWeights = "auto"
    """`auto` weights classes equally if the largest has over 1.5 times the photos of the smallest;
    `none` does not."""
    precision: Precision = "auto"
    """Numeric precision of the passes that train the backbone; `auto` is `mixed_float16` on a GPU
    with tensor cores and `float32` elsewhere."""
    seed: Seed = DEFAULT_SEED

    def __post_init__(self) -> None:
        if self.backbone == "scratch" and (self.fine_tune_epochs or self.weights):
            raise UsageError(
                "neither weights nor fine_tune_epochs with the backbone scratch",
                f"weights {self.weights!r} and fine_tune_epochs {self.fine_tune_epochs}",
                "leave them out: from scratch, every weight is trained from the start",
            )


@configuration
class CheckpointConfig:
    """Where interrupted training keeps its checkpoints."""

    checkpoint_root: _Folder = ""
    """Folder for checkpoints, from which interrupted training resumes; empty for none."""


FINE_TUNE = "fine-tune"
"""The name in the history of the phase that trains the backbone too."""

STEP = Step("train", (TrainConfig, CheckpointConfig), computes=True)


@dataclass(frozen=True)
class TrainResult:
    """How training went; also in `training.json`."""

    config: TrainConfig
    backbone: str
    head: str
    weights: dict[str, str] | None
    """Where the backbone's weights came from and their sha256; None from scratch."""
    labels: list[str]
    image_size: int
    data_digest: str
    photos: dict[str, int]
    """Photos by split."""
    class_weights: dict[str, float] | None
    """The weight of a photo of each class in the loss; None if all count the same."""
    history: list[dict[str, Any]]
    """One entry per epoch: epoch, phase, loss, accuracy, val_loss, val_accuracy (None without)."""
    best_epoch: int
    """The epoch whose weights were kept; epochs count from 1 through all phases."""
    resumed_from_epoch: int
    """Epochs taken over from a killed run; 0 if training started from the beginning."""
    precision: str
    """The dtype policy that was used."""
    device: str
    """The device used for training, such as `CPU` or a GPU's name."""
    parity: float
    """Largest difference between a probability of the Keras model and of the OpenVINO model."""
    seeds: dict[str, int]
    deterministic: bool
    """Whether the same seeds reproduce the same weights on this device."""
    versions: dict[str, str]
    """The releases of the libraries that determine the weights."""
    seconds: dict[str, float]
    """Wall-clock seconds by phase."""

    @property
    def best(self) -> dict[str, Any]:
        """The history's entry for the epoch that was kept."""
        return self.history[self.best_epoch - 1]

    @property
    def metrics(self) -> dict[str, float]:
        """Numbers for the KFP UI: those of the epoch that was kept."""
        names = ("loss", "accuracy", "val_loss", "val_accuracy")
        measured = {name: float(self.best[name]) for name in names if self.best[name] is not None}
        return {
            "best_epoch": float(self.best_epoch),
            "epochs": float(len(self.history)),
            **measured,
        }

    @property
    def summary(self) -> str:
        """One line for the log."""
        which, accuracy = "validation", self.best["val_accuracy"]
        if accuracy is None:
            which, accuracy = "training", self.best["accuracy"]
        return (
            f"{self.backbone} with the {self.head} head: epoch {self.best_epoch} of "
            f"{len(self.history)} was kept, {which} accuracy {accuracy:.1%}{self._advice}"
        )

    @property
    def _advice(self) -> str:
        """Say so if the limit ended the training and not `patience`: more epochs may be better."""
        last, is_kept = self.history[-1], self.best_epoch == len(self.history)
        limit = "fine_tune_epochs" if last["phase"] == FINE_TUNE else "epochs"
        passes = sum(entry["phase"] == last["phase"] for entry in self.history)
        if not is_kept or last["val_loss"] is None or passes < getattr(self.config, limit):
            return ""
        return f"; the validation loss was still falling, so raising {limit} may help"

    def to_json(self) -> dict[str, Any]:
        """The content of `training.json`."""
        return {"schema_version": 1, **asdict(self), "best": self.best}
