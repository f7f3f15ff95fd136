"""The persistent collections against the built-in ones: same answers, and older versions never change."""

import pickle

from hypothesis import given, strategies as st

from realtime_sdk.state.persistent import PMap, PSeq

keys = st.integers(0, 60).map(str)
map_steps = st.lists(st.tuples(st.sampled_from(["set", "remove"]), keys, st.integers()), max_size=250)
seq_steps = st.lists(
    st.tuples(st.sampled_from(["append", "append", "append", "insert", "without"]), st.integers(0, 30)), max_size=80
)


@given(map_steps)
def test_a_map_answers_like_a_dict_and_its_older_versions_stay(steps: list[tuple[str, str, int]]) -> None:
    versions: list[tuple[PMap[str, int], dict[str, int]]] = [(PMap(), {})]
    for step, key, value in steps:
        pmap, model = versions[-1]
        if step == "set":
            versions.append((pmap.set(key, value), {**model, key: value}))
        else:
            versions.append((pmap.remove(key), {k: v for k, v in model.items() if k != key}))
    for pmap, model in versions:
        assert dict(pmap) == model
        assert len(pmap) == len(model)
        assert {key: pmap.get(key) for key in model} == model
        assert all((key in pmap) == (key in model) for key in map(str, range(61)))


@given(map_steps, map_steps, map_steps)
def test_two_branches_of_one_map_do_not_see_each_other(
    trunk: list[tuple[str, str, int]], one: list[tuple[str, str, int]], other: list[tuple[str, str, int]]
) -> None:
    def run(pmap: PMap[str, int], steps: list[tuple[str, str, int]]) -> PMap[str, int]:
        for step, key, value in steps:
            pmap = pmap.set(key, value) if step == "set" else pmap.remove(key)
        return pmap

    start = run(PMap(), trunk)
    left, right = run(start, one), run(start, other)
    assert left == run(PMap(), [*trunk, *one])
    assert right == run(PMap(), [*trunk, *other])


def test_a_map_keeps_the_order_of_first_insertion() -> None:
    pmap: PMap[str, int] = PMap()
    for number in range(300):
        pmap = pmap.set(str(number), number)
    pmap = pmap.set("0", -1).remove("7")
    assert list(pmap) == [str(n) for n in range(300) if n != 7]
    assert pmap["0"] == -1


def test_an_empty_map_used_as_a_default_is_never_written_to() -> None:
    default: PMap[str, int] = PMap()
    assert dict(default.set("a", 1)) == {"a": 1}
    assert dict(default.set("b", 2)) == {"b": 2}
    assert dict(default) == {}
    assert default._slots == {}


@given(seq_steps)
def test_a_sequence_answers_like_a_tuple_and_its_older_versions_stay(steps: list[tuple[str, int]]) -> None:
    versions: list[tuple[PSeq[int], tuple[int, ...]]] = [(PSeq(), ())]
    for step, value in steps:
        seq, model = versions[-1]
        if step == "append":
            versions.append((seq.append(value), (*model, value)))
        elif step == "insert":
            versions.append((seq.insert(value, value), (*model[:value], value, *model[value:])))
        else:
            versions.append((seq.without(value), tuple(v for v in model if v != value)))
    for seq, model in versions:
        assert tuple(seq) == model
        assert seq == model
        assert len(seq) == len(model)
        assert tuple(seq[1:4]) == model[1:4]
        assert [seq.rindex(v) for v in set(model)] == [len(model) - 1 - model[::-1].index(v) for v in set(model)]


def test_two_branches_of_one_sequence_do_not_see_each_other() -> None:
    start = PSeq([1, 2])
    assert (tuple(start.append(3)), tuple(start.append(4)), tuple(start)) == ((1, 2, 3), (1, 2, 4), (1, 2))


def test_collections_travel_to_other_processes() -> None:
    pmap, seq = PMap([("a", 1), ("b", 2)]).set("c", 3).remove("a"), PSeq([1]).append(2)
    assert pickle.loads(pickle.dumps((pmap, seq))) == (pmap, seq)
