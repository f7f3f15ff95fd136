"""Laws of the beta dialect that hold for all objects: nothing raises, nothing is changed in place, nothing is lost."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, strategies as st

from realtime_sdk.dialects import beta_casts as beta
from tests.dialects import beta_objects as make

Json = dict[str, Any]
CASTS = [beta.upcast_server, beta.upcast_client, beta.downcast_server, beta.downcast_client]
anything_said = (
    make.beta_server_events
    | make.ga_server_events
    | make.ga_added_items
    | make.beta_client_events
    | make.ga_client_events
)
any_object = st.dictionaries(make.texts, make.anything, max_size=4) | make.mangled(anything_said) | anything_said


def through(cast: Any, objects: Any) -> tuple[Json, ...]:
    return tuple(out for obj in objects for out in cast(obj))


@pytest.mark.parametrize("cast", CASTS, ids=["up-server", "up-client", "down-server", "down-client"])
@given(obj=any_object)
def test_no_object_makes_a_cast_raise_or_is_changed_in_place(cast: Any, obj: Json) -> None:
    before = deepcopy(obj)
    out = cast(obj)
    assert obj == before
    assert isinstance(out, tuple)
    assert all(isinstance(one, dict) for one in out)


@given(event=make.beta_server_events)
def test_what_a_beta_server_says_comes_back_from_ga_as_it_was(event: Json) -> None:
    assert through(beta.downcast_server, beta.upcast_server(event)) == (event,)


@given(event=make.beta_client_events)
def test_what_a_beta_client_says_comes_back_from_ga_as_it_was(event: Json) -> None:
    assert through(beta.downcast_client, beta.upcast_client(event)) == (event,)


@given(event=make.ga_server_events)
def test_what_a_ga_server_says_comes_back_from_beta_as_it_was(event: Json) -> None:
    assert through(beta.upcast_server, beta.downcast_server(event)) == (event,)


@given(event=make.ga_client_events)
def test_what_a_ga_client_says_comes_back_from_beta_as_it_was(event: Json) -> None:
    assert through(beta.upcast_client, beta.downcast_client(event)) == (event,)


@given(added=make.ga_added_items)
def test_an_added_item_comes_back_with_its_done_if_it_was_whole(added: Json) -> None:
    done = {**added, "type": "conversation.item.done"}
    item = added["item"]
    growing = item.get("status") == "in_progress"
    back = through(beta.upcast_server, through(beta.downcast_server, (added, done)))
    assert back == ((added,) if growing else (added, done))


@given(event=make.mangled(make.beta_server_events | make.ga_server_events))
def test_a_second_upcast_changes_nothing(event: Json) -> None:
    once = beta.upcast_server(event)
    assert through(beta.upcast_server, once) == once
