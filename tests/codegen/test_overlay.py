"""A patch says what it expects; whatever is not so stops the build."""

from typing import Any

import pytest

from codegen.overlay import OverlayError, patched
from codegen.specs import DIALECTS, Spec

SPEC: dict[str, Any] = {
    "dialect": "ga",
    "schemas": {"A": {"enum": ["x", "y"], "properties": {"audio/pcm": {"type": "string"}}}},
}


def patch(pointer: str, old: Any, new: Any, **more: Any) -> dict[str, Any]:
    return {"pointer": pointer, "old": old, "new": new, "why": "w", "evidence": "e", **more}


def only(*patches: dict[str, Any]) -> Any:
    return patched(SPEC, patches)["schemas"]["A"]


def test_a_value_is_replaced_added_removed_and_appended() -> None:
    assert only(patch("/schemas/A/enum/0", "x", "z"))["enum"] == ["z", "y"]
    assert only(patch("/schemas/A/required", None, ["audio/pcm"]))["required"] == ["audio/pcm"]
    assert "enum" not in only(patch("/schemas/A/enum", ["x", "y"], None))
    assert only(patch("/schemas/A/enum/0", "x", None))["enum"] == ["y"]
    assert only(patch("/schemas/A/enum/2", None, "z"))["enum"] == ["x", "y", "z"]


def test_a_pointer_escapes_slashes() -> None:
    assert only(patch("/schemas/A/properties/audio~1pcm/type", "string", "integer"))["properties"] == {
        "audio/pcm": {"type": "integer"}
    }


def test_patches_apply_in_order_and_the_spec_stays_as_it_was() -> None:
    first, second = patch("/schemas/B", None, {"type": "object"}), patch("/schemas/B/type", "object", "string")
    assert patched(SPEC, [first, second])["schemas"]["B"] == {"type": "string"}
    assert "B" not in SPEC["schemas"]


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (patch("/schemas/A/enum/0", "w", "z"), "expected 'w', the captured schema has 'x'"),
        (patch("/schemas/A/enum/0", None, "z"), "expected None, the captured schema has 'x'"),
        (patch("/schemas/A/type", "object", "string"), "expected 'object', the captured schema has None"),
        (patch("/schemas/A/enum/0", "w", "x"), "upstream says this itself now; delete the patch"),
        (patch("/schemas/A/enum/0", "x", "x"), "changes nothing"),
        (patch("/schemas/Nowhere/enum", None, []), "nothing at 'Nowhere'"),
        (patch("/schemas/A/enum/5/deeper", None, 1), "nothing at '5'"),
        (patch("/schemas/A/enum/7", None, "z"), "no such place in the list"),
        (patch("/schemas/A/enum/last", None, "z"), "no such place in the list"),
        ({"pointer": "/schemas/A", "old": 1, "new": 2}, "exactly the keys"),
        (patch("/schemas/A/enum/0", "x", "z", note="n"), "exactly the keys"),
    ],
)
def test_a_patch_that_does_not_fit_stops_the_build_and_says_why(wrong: dict[str, Any], complaint: str) -> None:
    with pytest.raises(OverlayError) as raised:
        patched(SPEC, [wrong])
    assert complaint in str(raised.value)
    assert str(raised.value).startswith(f"overlay ga[0] {wrong['pointer']}")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_committed_patch_gives_its_reason_and_its_evidence(dialect: str) -> None:
    patches = Spec().patches(dialect)
    assert all(len(each["why"]) > 10 and len(each["evidence"]) > 10 for each in patches)
    assert len({each["pointer"] for each in patches}) == len(patches)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_committed_patch_changes_what_is_generated(dialect: str) -> None:
    Spec().check_patches(dialect)
