"""The definition of a pipeline: its function, its steps and its parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from viewfinder_components.errors import UsageError, reason_of
from viewfinder_components.parameters import Parameter, read_parameters
from viewfinder_components.step import Step
from viewfinder_pipelines.pipeline.definition_check import (
    load_function,
    need_configurations,
    need_function,
    need_names,
    need_steps,
    need_text,
)


@dataclass(frozen=True, repr=False)
class PipelineDefinition:
    """A pipeline; kfp is imported only when its function is needed.

    Raises:
        UsageError: A field is of another type or form.
    """

    name: str
    """Its name in Kubeflow Pipelines."""
    summary: str
    """A description for the page of its parameters, in Markdown."""
    function: str
    """The function that `dsl.pipeline` decorates, as `module:function`."""
    steps: tuple[Step, ...]
    """In the order in which they run."""
    own: tuple[type[Any], ...] = ()
    """Configurations of the pipeline's own parameters; their defaults take precedence."""
    gated: str = ""
    """A step that runs only if the gate accepts the model, so that its absence shows a refusal;
    empty in a pipeline without a gate."""
    not_exposed: frozenset[str] = frozenset()
    """Parameters of the steps that the pipeline does not have: an earlier step sets them, or they
    keep their defaults."""

    def __post_init__(self) -> None:
        """Refuse mistakes here, and not somewhere in a run."""
        need_text("name", self.name)
        need_text("summary", self.summary, may_be_empty=True)
        need_text("gated", self.gated, may_be_empty=True)
        need_function(self.function)
        for field, value in (
            ("steps", need_steps(self.steps)),
            ("own", need_configurations("own", self.own)),
            ("not_exposed", need_names("not_exposed", self.not_exposed)),
        ):
            object.__setattr__(self, field, value)  # a list is as good as a tuple

    def __repr__(self) -> str:
        return f"PipelineDefinition({self.name!r})"

    @property
    def label(self) -> str:
        """Its name for users, such as `training`."""
        return self.name.removeprefix("viewfinder-")

    @property
    def title(self) -> str:
        """Its name in the Kubeflow Pipelines UI."""
        return f"Viewfinder {self.label}"

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Its parameters by name, required ones first.

        Raises:
            UsageError: A step and the pipeline declare a parameter differently, or none has one
                that is not exposed.
        """
        own, steps = self._read_declared()
        if unknown := self.not_exposed - steps.keys():
            raise UsageError(
                f"parameters of the steps of {self.name} in not_exposed",
                f"{', '.join(sorted(unknown))}, which no step has",
                "correct the names, or leave them out",
            )
        for name in own.keys() & steps.keys():
            if (own[name].kind, own[name].rule) != (steps[name].kind, steps[name].rule):
                raise UsageError(
                    f"{name} to be {steps[name].rule} in {self.name}, as in its step",
                    own[name].rule,
                    "declare it with the type that the step gives it",
                )
        kept = [
            one for name, one in {**own, **steps, **own}.items() if name not in self.not_exposed
        ]
        return {one.name: one for one in sorted(kept, key=lambda one: not one.is_required)}

    def has_step(self, name: str) -> bool:
        """Return whether a step is one of its own."""
        return any(step.name == name for step in self.steps)

    def with_defaults(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments, and the defaults of parameters that were not given."""
        known = self.parameters.values()
        return {**{one.name: one.default for one in known if not one.is_required}, **arguments}

    def load(self) -> Any:
        """Import the function, in the form kfp gave it.

        Raises:
            UsageError: There is none, or kfp's decorator is missing.
        """
        return load_function(self.name, self.function)

    def _read_declared(self) -> tuple[dict[str, Parameter], dict[str, Parameter]]:
        """Return the parameters that the pipeline declares, and those of its steps."""
        try:
            own = read_parameters(*self.own)
            return own, read_parameters(*(one for step in self.steps for one in step.configs))
        except TypeError as error:
            raise UsageError(
                f"parameters that {self.name} declares once, as text, numbers or true and false",
                reason_of(error),
                "correct the class that declares it",
            ) from error
