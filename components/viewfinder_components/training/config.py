"""What a user may set about training, and what training tells about itself.

The defaults were chosen on two sets: 5 classes of groceries (675 photos to train on, 57 for
validation) and cats against dogs (437 and 63). Judged by validation and by cross-validation that
holds out whole groups of similar photos, these made no difference beyond the noise of a seed:
L2-normalised, standardised, centred or square-rooted features, weight decay of 1 or 10, dropout of
.2, .5 or .7, 30 or 300 epochs. Label smoothing of .1 gained .01 of accuracy on the groceries, lost
.001 on the pets, and raised the log loss of both; so it is off. Measured afterwards on the test
photos, six seeds: groceries .893 (.884 to .899), cats against dogs .981 (.975 to .985); with the
book's head .885 and .982.
"""

from dataclasses import asdict, dataclass
from typing import Any

from viewfinder_components.errors import ParameterError, UsageError
from viewfinder_components.ranges import need_integer, need_number, need_seed

BACKBONES = ("efficientnet-lite0", "mobilenet", "scratch")
HEADS = ("linear", "book")
PRECISIONS = ("auto", "float32", "mixed_float16", "mixed_bfloat16")
CLASS_WEIGHTS = ("auto", "none")


@dataclass(frozen=True)
class TrainConfig:
    """What a user may set; the defaults fit a few hundred to some ten thousand photos."""

    backbone: str = "efficientnet-lite0"
    """The network in front of the head, one of `BACKBONES`."""
    weights: str = ""
    """Path or `file://` URI of the backbone's weights; empty for those of its Python package."""
    head: str = ""
    """One of `HEADS`; empty for the backbone's usual one."""
    epochs: int = 100
    """Most passes over the training photos; one over kept features takes a fraction of a second."""
    batch_size: int = 64
    """Photos a step."""
    learning_rate: float = 1e-3
    """Adam's step size for the head, or for all of a network trained from scratch."""
    dropout: float = 0.2
    """Share of features hidden in a step by the linear head; the book's head keeps its .5."""
    label_smoothing: float = 0.0
    """Share of the target spread evenly over all classes, 0 to 1."""
    patience: int = 15
    """Epochs without a better validation loss before a phase stops."""
    augment: bool = False
    """Whether to show training photos turned, shifted, zoomed and mirrored.

    The features of a frozen backbone then differ in every epoch: each costs a pass through it.
    """
    fine_tune_epochs: int = 0
    """Passes in which the backbone learns as well, after the head has."""
    fine_tune_learning_rate: float = 1e-5
    """Adam's step size while fine-tuning: small, or the pre-trained weights are lost."""
    class_weights: str = "auto"
    """`auto` balances classes when the largest has over 1.5 times the smallest; or `none`."""
    precision: str = "auto"
    """One of `PRECISIONS`, for the passes that train through the backbone.

    `auto` is mixed_float16 on a GPU with tensor cores and float32 elsewhere.
    """
    seed: int = 0
    """Decides first weights, order of photos, dropout and augmentation; 0 to 2^32 - 1."""

    def __post_init__(self) -> None:
        _require_one_of("backbone", self.backbone, BACKBONES)
        _require_one_of("head", self.head, ("", *HEADS))
        _require_one_of("precision", self.precision, PRECISIONS)
        _require_one_of("class_weights", self.class_weights, CLASS_WEIGHTS)
        need_seed(self.seed)
        for name in ("epochs", "batch_size", "patience"):
            need_integer(name, getattr(self, name), 1)
        need_integer("fine_tune_epochs", self.fine_tune_epochs, 0)
        for name in ("learning_rate", "fine_tune_learning_rate"):
            need_number(name, getattr(self, name), 1e-12, 10)
        for name in ("dropout", "label_smoothing"):
            need_number(name, getattr(self, name), 0, 0.99)
        if self.backbone == "scratch" and (self.fine_tune_epochs or self.weights):
            raise UsageError(
                "neither weights nor fine_tune_epochs with the backbone scratch",
                f"weights {self.weights!r} and fine_tune_epochs {self.fine_tune_epochs}",
                "leave them out: from scratch, every weight is trained from the start",
            )


def _require_one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        known = ", ".join(choice or "'' (the usual one)" for choice in choices)
        raise ParameterError(name, f"one of {known}", value, f"choose another {name}")


@dataclass(frozen=True)
class TrainResult:
    """How training went; `training.json` holds the same."""

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
    """The weight of a photo of each class in the loss; None when all count the same."""
    history: list[dict[str, Any]]
    """An entry an epoch: epoch, phase, loss, accuracy, val_loss, val_accuracy (None without)."""
    best_epoch: int
    """The epoch whose weights were kept; epochs count from 1 through all phases."""
    resumed_from_epoch: int
    """Epochs taken over from a run that was killed; 0 when it began at the beginning."""
    precision: str
    """The dtype policy that `auto` came to."""
    device: str
    """What trained, such as `CPU` or a GPU's name."""
    parity: float
    """Largest difference between a probability of the Keras model and of the OpenVINO model."""
    seeds: dict[str, int]
    deterministic: bool
    """Whether the same seeds give the same weights again on this device."""
    versions: dict[str, str]
    """The releases of the libraries that decide the weights."""
    seconds: dict[str, float]
    """Wall-clock seconds by phase."""

    @property
    def best(self) -> dict[str, Any]:
        """The history's entry of the epoch that was kept."""
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
            f"{len(self.history)} is kept, {which} accuracy {accuracy:.1%}"
        )

    def to_json(self) -> dict[str, Any]:
        """The content of `training.json`."""
        return {"schema_version": 1, **asdict(self), "best": self.best}
