"""The report step's contract."""

from kfp import dsl

from viewfinder_components.image import STEPS_IMAGE


@dsl.component(base_image=STEPS_IMAGE, install_kfp_package=False)
def report(run_id: str, status: dsl.PipelineTaskFinalStatus) -> str:
    """Tell how the run ended; runs whatever happened before.

    Args:
        run_id: The run.
        status: KFP's word on the other steps.

    Returns:
        The sentence that was logged.
    """
    from viewfinder_components.reports.outcome import report_outcome

    return report_outcome(run_id, status.state, status.error_message)
