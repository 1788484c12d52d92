"""The address of Kubeflow Pipelines is checked before anything is sent to it."""

import pytest

from viewfinder_components.errors import UsageError
from viewfinder_pipelines.kubeflow.address import complete_address
from viewfinder_pipelines.kubeflow.client import connect
from viewfinder_pipelines.settings.file import KubeflowSettings

WRONG = [
    *("not a url", "http://", "http://a b", "http://[::1", "ftp://x", "://x"),
    *("http://x:99999", "http://x:abc", "http://x\x00y", "http:///path", "https:/127.0.0.1:1"),
]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("http://127.0.0.1:8888", "http://127.0.0.1:8888"),
        ("localhost:8080/", "http://localhost:8080"),
        (" https://kubeflow.example.com/pipeline//\n", "https://kubeflow.example.com/pipeline"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("HTTPS://Kubeflow.example", "https://Kubeflow.example"),
    ],
)
def test_an_address(text: str, address: str) -> None:
    assert complete_address(text, "host") == address


@pytest.mark.parametrize("text", WRONG)
def test_what_is_not_an_address(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        complete_address(text, "KFP_HOST")
    assert str(caught.value) == (
        f"expected the address of Kubeflow Pipelines in KFP_HOST, received {text!r}; "
        "write one such as http://localhost:8080"
    )


@pytest.mark.parametrize(
    "text",
    [
        *("http://me:secret@h:1", "me:secret@h:1", "http://secret@h", " https://me:sec@ret@h"),
        *(
            "http://me:secret@h:port",
            "ftp://me:secret@h",
            "http://me:sec/ret@h",
            "http:/me:secret@h",
        ),
    ],
)
def test_a_password_is_neither_accepted_nor_printed(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        complete_address(text, "host")
    assert "sec" not in str(caught.value)
    assert "ret" not in str(caught.value)


@pytest.mark.parametrize("name", ["host", "KFP_HOST", "KFP_UI_HOST"])
def test_wherever_it_is_written(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KFP_HOST", raising=False)
    monkeypatch.delenv("KFP_UI_HOST", raising=False)
    host = "not a url" if name == "host" else "http://127.0.0.1:9" if name == "KFP_UI_HOST" else ""
    if name != "host":
        monkeypatch.setenv(name, "not a url")
    with pytest.raises(UsageError, match=f"in {name}, received 'not a url'"):
        connect(KubeflowSettings(host=host))
