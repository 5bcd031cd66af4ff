"""The page's files: all of them, with their types and the policy."""

from pathlib import Path

import pytest

from f2p_deploy.editor.page_files import policy_of, read_page
from f2p_deploy.system.errors import MissingDependency


def test_the_built_page_is_in_the_package() -> None:
    page = read_page()
    assert page["index.html"].media_type == "text/html; charset=utf-8"
    scripts = [path for path in page if path.startswith("assets/") and path.endswith(".js")]
    assert scripts and all(page[path].media_type.startswith("text/javascript") for path in scripts)
    policy = policy_of(page)
    assert policy.startswith("default-src 'none'") and policy.endswith("; frame-ancestors 'none'")
    assert "unsafe-inline" not in policy and "http" not in policy


def test_a_page_that_was_not_built_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(MissingDependency, match="the editor's page is missing"):
        read_page(tmp_path)
