"""Where others see the code that a run was made by: never with a key, and never a folder of this machine."""

import pytest

from findings.records.provenance import web_page


@pytest.mark.parametrize(
    ("remote", "page"),
    [
        ("git@host.org:team/code.git", "https://host.org/team/code"),
        ("ssh://git@host.org:2222/team/code.git", "https://host.org/team/code"),
        ("https://host.org/team/code", "https://host.org/team/code"),
        ("https://user:secret@host.org:8443/a/b/code.git/", "https://host.org:8443/a/b/code"),
        ("https://secret@host.org/team/code.git", "https://host.org/team/code"),
        ("http://host.org/code.git", "http://host.org/code"),
        ("/srv/git/code.git", None),
        ("../code", None),
        ("file:///srv/git/code.git", None),
        ("C:/code", None),
        ("", None),
    ],
)
def test_a_remote_is_a_page_or_nothing(remote: str, page: str | None) -> None:
    assert web_page(remote) == page
