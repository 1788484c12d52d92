"""The dashboard of one service, which is chosen by its namespace and name."""

from grafana_foundation_sdk.builders.dashboard import Dashboard

from dashboards.board import add_row, choose_label, start_board
from dashboards.queries import PREDICTORS, select
from dashboards.service import alerts, drift, model, photos, pods, requests, work

UID = "viewfinder-service"


def build_service() -> Dashboard:
    """Return the dashboard."""
    board = start_board(
        "Viewfinder: a service",
        UID,
        "All about one service. Figures are those of the last five minutes unless a panel says "
        "otherwise; dashed lines are the limits of the alerts.",
    )
    everywhere = select("up", PREDICTORS, 'inferenceservice!=""')
    board.with_variable(choose_label("namespace", "Namespace", everywhere, "namespace"))
    there = select("up", PREDICTORS, 'namespace="$namespace", inferenceservice!=""')
    board.with_variable(choose_label("service", "Service", there, "inferenceservice"))
    measured = select("viewfinder_drift_limit")
    board.with_variable(choose_label("measure", "Measure of drift", measured, "measure"))
    add_row(board, "Alerts", alerts.draw_alerts())
    add_row(board, "Requests", requests.draw_requests())
    add_row(board, "Errors", requests.draw_errors())
    add_row(board, "Capacity", work.draw_capacity())
    add_row(board, "Where the time goes", work.draw_times())
    add_row(board, "Photos and predictions", photos.draw_photos())
    add_row(board, "Drift", drift.draw_drift())
    add_row(board, "Model", model.draw_model())
    add_row(board, "Pods", pods.draw_pods())
    add_row(board, "Processor and memory", pods.draw_resources())
    return board
