"""The definition of a pipeline: its function, its steps and its parameters."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from viewfinder_components.parameters import Parameter, read_parameters
from viewfinder_components.step import Step


@dataclass(frozen=True, repr=False)
class PipelineDefinition:
    """A pipeline; kfp is imported only when its function is needed."""

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
            TypeError: A step and the pipeline declare a parameter differently, or none has one
                that is not exposed.
        """
        own = read_parameters(*self.own)
        steps = read_parameters(*(config for step in self.steps for config in step.configs))
        if unknown := self.not_exposed - steps.keys():
            raise TypeError(f"no step of {self.name} has {', '.join(sorted(unknown))}")
        for name in own.keys() & steps.keys():
            if (own[name].kind, own[name].rule) != (steps[name].kind, steps[name].rule):
                raise TypeError(f"{name} has another range in the pipeline than in its step")
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
        """Import the function, in the form kfp gave it."""
        module, name = self.function.split(":")
        return getattr(importlib.import_module(module), name)
