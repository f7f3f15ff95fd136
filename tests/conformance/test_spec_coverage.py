"""The classes are the schemas: every one of the spec exists, and nothing else."""

import inspect
from importlib import import_module
from types import ModuleType

import pytest
from typing_extensions import TypeAliasType

from codegen.shapes import Object
from realtime_sdk.protocol.wire import WireModel
from tests.protocol.spoken import DIALECTS, plan_of, registry_of


def generated(dialect: str) -> ModuleType:
    return import_module(f"realtime_sdk.protocol._generated.{dialect}.models")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_classes_are_the_schemas_of_the_spec(dialect: str) -> None:
    module, plan = generated(dialect), plan_of(dialect)
    own = {name: value for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__}
    classes = {name for name, value in own.items() if inspect.isclass(value) and issubclass(value, WireModel)}
    aliases = {name for name, value in vars(module).items() if isinstance(value, TypeAliasType)}
    assert classes == set(plan.objects())
    assert classes | aliases == set(plan.shapes)
    assert set(own) <= classes | aliases


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_fields_are_those_of_the_spec_and_required_as_planned(dialect: str) -> None:
    module, plan = generated(dialect), plan_of(dialect)
    for name, shape in plan.objects().items():
        fields = getattr(module, name).model_fields
        assert list(fields) == list(shape.fields)
        required = {key for key, field in shape.fields.items() if field.required}
        assert {key for key, field in fields.items() if field.is_required() or field.default is not None} == required


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_captured_event_has_a_class(dialect: str) -> None:
    plan, registry = plan_of(dialect), registry_of(dialect)
    assert {wire: cls.__name__ for wire, cls in registry.server.items()} == plan.server
    assert {wire: cls.__name__ for wire, cls in registry.client.items()} == plan.client


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_name_is_numbered_and_every_class_has_a_sentence(dialect: str) -> None:
    module = generated(dialect)
    for name, shape in plan_of(dialect).shapes.items():
        assert not any(character.isdigit() for character in name)
        if isinstance(shape, Object):
            assert inspect.getdoc(getattr(module, name))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_a_server_nests_requires_nothing_but_tags(dialect: str) -> None:
    plan = plan_of(dialect)
    required = {
        (name, key)
        for name in plan.from_server
        if isinstance(shape := plan.shapes[name], Object)
        for key, field in shape.fields.items()
        if field.required
    }
    assert {key for _, key in required} <= {"type", "role"}
