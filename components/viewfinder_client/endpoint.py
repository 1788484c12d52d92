"""Where a served model is: its URLs, and how messages show them."""

import re
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import quote, unquote, urlsplit

import httpx

from viewfinder_components.errors import UsageError
from viewfinder_components.spelling import spell

VERBS = (":predict", ":explain")
_EXAMPLE = "http://127.0.0.1:8080"
_LONGEST_SHOWN = 60  # characters of a name
_MODEL = re.compile(
    r"(?P<server>.+)/v1/models/(?P<model>[^/]+)(?:/versions/(?P<version>[^/]+))?", re.DOTALL
)
_V2 = re.compile(r"/v2(?:/models(?:/.*)?)?\Z", re.DOTALL)
# A password may contain a slash or an at sign, although neither is allowed there.
_CREDENTIALS = re.compile(r"\A((?:[a-z][a-z0-9+.-]*:)?/{0,2}).*@", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Endpoint:
    """A model that a server has.

    Attributes:
        server: URL of the server, without a slash at the end; None if only the model's is known.
        model: The model's name; None until the server is asked for it.
        url: The model's URL, without a verb; empty as long as there is no name.
        version: The version that the URL names; None if it leaves this to the server.
    """

    server: str | None
    model: str | None = None
    url: str = ""
    version: str | None = None

    @classmethod
    def read(cls, text: str, model: str | None = None) -> Self:
        """Return what a user's endpoint means.

        Args:
            text: Base URL of a predictor, or a model's URL, with any of the verbs or none.
            model: The model's name, if it is given.

        Raises:
            UsageError: The endpoint is no URL, or names another model.
        """
        text = text.rstrip("/")
        _need_url(text)
        verb = next((one for one in VERBS if text.endswith(one)), "")
        url = text.removesuffix(verb)
        if found := _MODEL.fullmatch(url):
            endpoint = cls(found["server"], unquote(found["model"]), url, found["version"])
        elif verb:
            endpoint = cls(None, unquote(url.rpartition("/")[2]), url)
        else:
            _refuse_v2(url)
            endpoint = cls(url.removesuffix("/v1/models"))
            return endpoint if model is None else endpoint.with_model(model)
        if model not in (None, endpoint.model):
            raise _contradiction(text, str(endpoint.model), str(model))
        return endpoint

    def with_model(self, model: str) -> Self:
        """Return the endpoint of another model of the server.

        Raises:
            UsageError: No URL can have the name.
        """
        try:
            url = f"{self.models_url}/{quote(model, safe='', errors='surrogateescape')}"
            check_url(f"{url}{VERBS[0]}")
        except ValueError as error:  # a half of a character is one
            raise UsageError(
                f"{spell('model')} to be a name that a URL can have",
                f"{model[:_LONGEST_SHOWN]!r} ({error})",
                f"correct {spell('model')}",
            ) from error
        return replace(self, model=model, url=url, version=None)

    @property
    def address(self) -> str:
        """A URL with the server's host and port."""
        return self.server or self.url

    @property
    def models_url(self) -> str:
        """Where the server lists its models."""
        return f"{self.server}/v1/models"

    @property
    def metadata_url(self) -> str | None:
        """Where the server describes the model in the V2 protocol; None if that is not known."""
        if self.server is None:
            return None
        return f"{self.server}/v2/models/{self.url.removeprefix(f'{self.models_url}/')}"


def show_url(url: str) -> str:
    """Return a URL as messages show it: without the name and the password of a user."""
    return _CREDENTIALS.sub(r"\1...@", url)


def check_url(url: str) -> None:
    """Check that a URL can be asked for.

    Raises:
        ValueError: It cannot, with the reason.
    """
    parts = urlsplit(url)
    _ = parts.port  # httpx turns 999999 into another port
    (parts.hostname or "").encode("idna")  # a host such as a..b cannot exist
    try:
        has_host = bool(httpx.URL(url).host)
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from error
    if not has_host:
        raise ValueError("there is no host")


def _need_url(text: str) -> None:
    if not text.startswith(("http://", "https://")) or text.endswith(":/"):
        raise UsageError(
            f"{spell('endpoint')} to be the URL of a predictor, with http:// or https://",
            repr(show_url(text)),
            f"write {spell('endpoint', _complete(text))}",
        )
    address = text.rpartition("@")[2]  # a password may have these characters
    if "?" in address or "#" in address:
        raise UsageError(
            f"{spell('endpoint')} to be the URL of a predictor, without a query or a fragment",
            repr(show_url(text)),
            "leave out what begins with ? or #",
        )
    try:
        check_url(text)
    except ValueError as error:
        reason = "" if "@" in text else f" ({error})"  # which may have a part of a password
        raise UsageError(
            f"{spell('endpoint')} to be the URL of a predictor, such as {_EXAMPLE}",
            f"{show_url(text)!r}{reason}",
            f"write {spell('endpoint', _EXAMPLE)}, or another host and port",
        ) from error


def _refuse_v2(url: str) -> None:
    if _V2.search(url):
        raise UsageError(
            f"{spell('endpoint')} to be the URL of a predictor, or of a model in the V1 protocol",
            f"one of the V2 protocol ({show_url(url)})",
            f"write {spell('endpoint', show_url(_V2.sub('', url)))}, and name the model with "
            f"{spell('model')}",
        )


def _complete(text: str) -> str:
    """Return the URL that was probably meant, if there is no http scheme before it."""
    is_place = "://" not in text and not text.startswith("http:")
    named = text.partition("://")[2] or (text if is_place else "")
    return show_url(f"http://{named}") if named else _EXAMPLE


def _contradiction(text: str, named: str, model: str) -> UsageError:
    return UsageError(
        f"one model: {spell('endpoint')} names {named!r} ({show_url(text)})",
        f"also {spell('model', model)}",
        f"leave {spell('model')} out, or name the server alone in {spell('endpoint')}",
    )
