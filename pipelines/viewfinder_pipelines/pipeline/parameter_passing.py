"""Pass a pipeline's function its parameters, and every step its own."""

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from viewfinder_components.parameters import describe
from viewfinder_pipelines.pipeline.definition import PipelineDefinition

if TYPE_CHECKING:
    from kfp.dsl.base_component import BaseComponent


class Given(dict[str, Any]):
    """A pipeline's parameters by name, in KFP's form."""

    def to(self, step: "BaseComponent") -> dict[str, Any]:
        """Return those that a step also has.

        Args:
            step: The step's component.
        """
        taken = step.component_spec.inputs or {}
        return {name: value for name, value in self.items() if name in taken}


def with_parameters(pipeline: PipelineDefinition) -> Callable[..., Callable[..., None]]:
    """Turn a function of `Given` into one of the pipeline's parameters, which `dsl.pipeline` reads.

    Args:
        pipeline: The pipeline; its parameters' descriptions are added to the function's docstring.
    """

    def give(function: Callable[[Given], None]) -> Callable[..., None]:
        declared = pipeline.parameters

        @functools.wraps(function)
        def define(*channels: Any, **named: Any) -> None:
            function(Given({**dict(zip(declared, channels, strict=False)), **named}))

        define.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter(
                    one.name,
                    inspect.Parameter.POSITIONAL_OR_KEYWORD,
                    default=inspect.Parameter.empty if one.is_required else one.default,
                    annotation=one.kind,
                )
                for one in declared.values()
            ]
        )
        define.__doc__ = describe(inspect.getdoc(function) or "", declared.values())
        return define

    return give
