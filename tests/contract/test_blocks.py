"""Every block of code in the pages is executed by tests/docs, or says why it is not."""

import re
from pathlib import Path

import pytest
from tests.docs.blocks import CODE, MARK, OTHERS, PAGES, ROOT, Block, read_blocks

BLOCKS = [block for page in PAGES for block in read_blocks(page)]


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_has_a_known_language(block: Block) -> None:
    assert block.language in CODE.keys() | OTHERS, f"{block}: tests/docs/blocks.py lists languages"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_mark_is_for_a_block_of_code(page: Path) -> None:
    marked = [block for block in read_blocks(page) if block.reason is not None]
    assert [block for block in marked if block.language in OTHERS] == []
    assert [block for block in marked if not block.reason] == [], "marks without a reason"
    found = MARK.findall(page.read_text("utf-8"))
    assert found == [block.reason for block in marked], "marks that no block follows"


def test_only_what_cannot_be_executed_is_marked() -> None:
    code = [block for block in BLOCKS if block.language in CODE]
    executed = [block for block in code if block.reason is None]
    local = ("viewfinder run --data PHOTOS", "import viewfinder", "viewfinder serve")
    left_out = [block for block in code if block.reason and block.text.lstrip().startswith(local)]
    assert left_out == []
    assert len(executed) >= 10


def test_every_make_target_in_a_block_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = {
        name for line in re.findall(r"^([\w. -]+):", makefile, re.M) for name in line.split()
    }
    named = {
        word
        for block in BLOCKS
        if block.language in CODE
        for line in re.findall(r"^(?:\$ )?make ([^#\n]*)", block.text, re.M)
        for word in line.split()
        if "=" not in word
    }
    assert named - targets == set()
    assert len(named) > 10
