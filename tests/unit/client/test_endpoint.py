"""What an endpoint means, and how it is shown."""

import pytest

import viewfinder
from viewfinder_client.endpoint import Endpoint, show_url

SERVER = "http://h:8080/prefix"
MODEL = f"{SERVER}/v1/models/m"


@pytest.mark.parametrize(
    "text", [MODEL, f"{MODEL}/", f"{MODEL}:predict", f"{MODEL}:explain", f"{MODEL}:predict/"]
)
@pytest.mark.parametrize("model", [None, "m"])
def test_the_url_of_a_model(text: str, model: str | None) -> None:
    endpoint = Endpoint.read(text, model)
    assert endpoint == Endpoint(SERVER, "m", MODEL)
    assert endpoint == Endpoint.read(SERVER, "m")
    assert endpoint.metadata_url == f"{SERVER}/v2/models/m"


def test_the_url_of_a_server() -> None:
    assert Endpoint.read(f"{SERVER}/") == Endpoint(SERVER)


def test_a_model_may_be_called_v2() -> None:
    assert Endpoint.read(f"{SERVER}/v1/models/v2").model == "v2"


def test_the_url_of_the_list_of_models() -> None:
    assert Endpoint.read(f"{SERVER}/v1/models") == Endpoint(SERVER)
    assert Endpoint.read(f"{SERVER}/v1/models/", "m") == Endpoint(SERVER, "m", MODEL)


@pytest.mark.parametrize("path", ["/v2", "/v2/models", "/v2/models/m", "/v2/models/m/infer"])
def test_a_url_of_the_v2_protocol_is_refused(path: str) -> None:
    with pytest.raises(viewfinder.UsageError, match="V2 protocol") as caught:
        Endpoint.read(SERVER + path)
    assert f'write endpoint="{SERVER}", and' in str(caught.value)


@pytest.mark.parametrize("text", ["http://h?x=1", f"{MODEL}:predict?x=1", "http://h#a"])
def test_a_query_or_a_fragment_is_refused(text: str) -> None:
    with pytest.raises(viewfinder.UsageError, match="without a query or a fragment"):
        Endpoint.read(text)


def test_the_url_of_a_version() -> None:
    endpoint = Endpoint.read(f"{MODEL}/versions/7:predict")
    assert (endpoint.server, endpoint.model, endpoint.version) == (SERVER, "m", "7")
    assert endpoint.url == f"{MODEL}/versions/7"


def test_a_url_of_another_form() -> None:
    endpoint = Endpoint.read("http://h/other/m:predict", "m")
    assert endpoint == Endpoint(None, "m", "http://h/other/m")
    assert endpoint.metadata_url is None


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("a/b", "a%2Fb"),
        ("a?b#c", "a%3Fb%23c"),
        ("100%25", "100%2525"),
        ("süß", "s%C3%BC%C3%9F"),
        ("\udcff", "%FF"),
    ],
)
def test_a_name_is_quoted(name: str, quoted: str) -> None:
    endpoint = Endpoint.read(SERVER, name)
    assert endpoint.url == f"{SERVER}/v1/models/{quoted}"
    assert endpoint.metadata_url == f"{SERVER}/v2/models/{quoted}"
    if "\udcff" not in name:
        assert Endpoint.read(endpoint.url, name).model == name


@pytest.mark.parametrize("name", ["a" * 70_000, "half a character: \ud800"])
def test_a_name_that_no_url_can_have(name: str) -> None:
    with pytest.raises(viewfinder.UsageError, match="model to be a name that a URL can have"):
        Endpoint.read(SERVER, name)


@pytest.mark.parametrize("ask", [viewfinder.predict, viewfinder.explain])
@pytest.mark.parametrize("text", [f"{MODEL}:predict", MODEL, "http://h/other/m:predict"])
def test_a_second_model_is_refused_at_once(ask, text: str) -> None:
    with pytest.raises(viewfinder.UsageError, match=r"names 'm' .* also model=\"other\"; leave"):
        ask("a.jpg", text, model="other")


@pytest.mark.parametrize("ask", [viewfinder.predict, viewfinder.explain])
@pytest.mark.parametrize("text", ["h:8080", "http://", "http://[::1", "http://a..b", "http://?a"])
def test_what_is_no_url_is_refused_at_once(ask, text: str) -> None:
    with pytest.raises(viewfinder.UsageError, match="expected endpoint to be the URL"):
        ask("a.jpg", text)


@pytest.mark.parametrize(
    "text",
    [
        "http://me:secret@h:port",
        "http://me:sec/ret@h",
        "http://me:sec\nret@h",
        "me:secret@h",
        "ftp://me:secret@h",
        "http:/me:secret@h",
        "http://me:sec@ret@h:port",
    ],
)
def test_a_password_is_not_printed(text: str) -> None:
    with pytest.raises(viewfinder.UsageError) as caught:
        Endpoint.read(text)
    told = str(caught.value)
    assert "...@h" in told
    assert "sec" not in told
    assert "ret" not in told


def test_how_a_url_is_shown() -> None:
    assert show_url("http://me:secret@h:80/p") == "http://...@h:80/p"
    assert show_url(MODEL) == MODEL
