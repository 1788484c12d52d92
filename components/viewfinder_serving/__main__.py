"""`python -m viewfinder_serving`: serve a published version."""

import argparse
import dataclasses
import faulthandler
import logging
import signal
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import NoReturn

from viewfinder_components.errors import UsageError, ViewfinderError
from viewfinder_components.printable import PrintableFormatter, make_printable
from viewfinder_components.spelling import write_command
from viewfinder_serving.config import ServeConfig

_WRONG_USAGE = 2  # argparse's own
_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# What options are given: by the last word of their names, or else by their kinds.
_VALUES = {"mb": "MB", "megapixels": "MEGAPIXELS", "seconds": "SECONDS", "port": "PORT"}
_KINDS: dict[object, str] = {int: "number", float: "number", Path: "path", str: "text"}
# KServe's runtimes spell these options differently.
_ALIASES = {"http-port": "port"}


class _Formatter(argparse.HelpFormatter):
    """Says the default of an option that has one, and what its value is, not its name again."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        text = action.help or ""
        default, is_default_said = action.default, "by default" in text
        if is_default_said:
            return text
        if isinstance(action, argparse.BooleanOptionalAction):
            return f"{text} (default: {'on' if default else 'off'})"
        if default in (None, [], "", argparse.SUPPRESS) or action.nargs == 0:
            return text
        return f"{text} (default: %(default)s)"

    def _get_default_metavar_for_optional(self, action: argparse.Action) -> str:
        name = action.dest.rpartition("_")[2]
        return _VALUES.get(name) or _KINDS.get(action.type, action.dest).upper()


class _Parser(argparse.ArgumentParser):
    """A parser that suggests the option that may be meant."""

    def error(self, message: str) -> NoReturn:
        unknown = message.removeprefix("unrecognized arguments: ").partition(" ")[0]
        options = [name for action in self._actions for name in action.option_strings]
        near = get_close_matches(unknown.partition("=")[0], options, n=1)
        super().error(f"{message}; did you mean {near[0]}?" if near else message)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code."""
    given = _make_parser().parse_args(_normalise(sys.argv[1:] if arguments is None else arguments))
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PrintableFormatter(_LOG_FORMAT))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # `kill -USR1` makes it write the stacks of all threads, even if none of them is running.
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # the access log has what matters
    try:
        config = ServeConfig(**vars(given))
        # Late, so that --help and a wrong option answer at once: importing kserve takes a second.
        from viewfinder_serving.memory import return_large_buffers
        from viewfinder_serving.server import serve

        return_large_buffers()
        serve(config)
    except ViewfinderError as error:
        print(make_printable(f"viewfinder_serving: {error}", lines=True), file=sys.stderr)
        return _WRONG_USAGE if isinstance(error, UsageError) else 1
    return 0


def _normalise(arguments: list[str]) -> list[str]:
    """Accept `--model_name` for `--model-name`, as KServe's serving runtimes pass it."""
    return [_normalise_one(argument) for argument in arguments]


def _normalise_one(argument: str) -> str:
    if not argument.startswith("--"):
        return argument
    name, equals, value = argument[2:].partition("=")
    name = name.replace("_", "-")
    return f"--{_ALIASES.get(name, name)}{equals}{value}"


def _make_parser() -> argparse.ArgumentParser:
    defaults = {field.name: field.default for field in dataclasses.fields(ServeConfig)}
    parser = _Parser(
        prog="python -m viewfinder_serving",
        description="Serve a published version over HTTP (V1, V2), and over gRPC if asked.",
        usage="%(prog)s --model-dir PATH [OPTION...]",
        epilog=f"After `{write_command('serve', 'MODEL', '--')}`, write none of --model-dir, "
        "--model-name, --host, --port and --ready-file: that command sets them.",
        formatter_class=_Formatter,
        allow_abbrev=False,
    )

    def add(name: str, kind: type, text: str) -> None:
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=kind, default=defaults[name], help=text
        )

    parser.add_argument(
        "--model-dir", type=Path, required=True, help="a published version: model.xml, labels.json"
    )
    add("model_name", str, "name in the URLs; by default taken from <root>/<name>/<version>")
    add("model_version", str, "version in the answers; by default from the path or manifest")
    add("host", str, "address to listen on; 0.0.0.0 in a pod")
    add("port", int, "HTTP port; 0 for a free one")
    add("grpc_port", int, "gRPC port; gRPC is off without it")
    add("max_request_mb", float, "largest request body, in megabytes")
    add("max_megapixels", float, "largest photo, in megapixels")
    add("max_decoding_mb", float, "megabytes for photos decoded at once; at least 34")
    add("max_photos", int, "maximum number of photos in a request")
    add("max_requests", int, "maximum number of requests in progress")
    add("max_uploads", int, "maximum number of requests still being received")
    add("max_buffered_mb", float, "megabytes of request bodies held at once")
    add("body_seconds", float, "time a client has to send its body")
    add("request_seconds", float, "time a request may take, including waiting")
    add("drain_seconds", float, "time between SIGTERM and refusing new connections")
    add("grace_seconds", float, "time for requests in flight to finish after that")
    add("threads", int, "requests processed at once; one per core by default")
    add("token_file", Path, "file of the bearer tokens that requests need, one a line")
    add(
        "tls_certificate",
        Path,
        "PEM file of the certificate for HTTPS and gRPC; read again when it changes",
    )
    add("tls_key", Path, "PEM file of its key; read again when it changes")
    add("engine", str, "what computes: openvino, or tensorflow on the SavedModel")
    add("precision", str, "f32, bf16 or int8; auto for the fastest that check has proved")
    add("ready_file", Path, "file to write the URL to once the server is ready")
    parser.add_argument(
        "--explain",
        action=argparse.BooleanOptionalAction,
        default=defaults["explain"],
        help="answer :explain with class activation maps",
    )
    parser.add_argument(
        "--drift",
        action=argparse.BooleanOptionalAction,
        default=defaults["drift"],
        help="count photos for drift, if the version has a reference",
    )
    parser.add_argument(
        "--cors-origin",
        dest="cors_origins",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="answer pages of this origin in browsers; may be repeated; * for all",
    )
    parser.add_argument(
        "--tracing",
        action=argparse.BooleanOptionalAction,
        default=defaults["tracing"],
        help="send spans to an OpenTelemetry collector; by default if "
        "OTEL_EXPORTER_OTLP_ENDPOINT names one",
    )
    parser.add_argument(
        "--access-log",
        action=argparse.BooleanOptionalAction,
        default=defaults["access_log"],
        help="log a line for every request",
    )
    parser.add_argument("--stop-at-eof", action="store_true", help="stop when standard input ends")
    return parser


if __name__ == "__main__":
    sys.exit(main())
