"""Every class has one sentence of ours, and every sentence a class."""

import pytest
import yaml

from codegen.specs import DIALECTS, Spec

TEXTS = yaml.safe_load((Spec().folder / "descriptions.yaml").read_text())


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_class_has_its_sentence(dialect: str) -> None:
    assert set(Spec().plan(dialect).objects()) - set(Spec().descriptions(dialect)) == set()


def test_every_class_of_the_2024_reference_has_its_sentence_and_no_other() -> None:
    classes = {name for name, schema in Spec().seed()["schemas"].items() if "properties" in schema}
    assert set(TEXTS["seed"]) == classes


def test_every_sentence_has_a_class() -> None:
    classes = {dialect: set(Spec().plan(dialect).objects()) for dialect in DIALECTS}
    for dialect in DIALECTS:
        assert set(TEXTS.get(dialect, ())) - classes[dialect] == set()
    used = set().union(*(classes[dialect] - set(TEXTS.get(dialect, ())) for dialect in DIALECTS))
    assert set(TEXTS["shared"]) - used == set()


def test_a_sentence_is_one_line_with_an_end() -> None:
    for table in TEXTS.values():
        for name, text in table.items():
            assert text.endswith("."), name
            assert "\n" not in text
            assert len(text) <= 112, name
