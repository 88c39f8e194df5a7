"""The forms of the messages for other languages are in step with `core`."""

import re

import msgspec
import pytest

from m2t3.clients.schema import fields
from m2t3.clients.schema.__main__ import OUTPUTS, ROOT
from m2t3.clients.schema.vectors import read, vectors, verdict
from m2t3.core import topics

VECTORS = [*read((ROOT / "clients/schema/vectors.txt").read_text(encoding="utf-8"))]


@pytest.mark.parametrize("name", OUTPUTS)
def test_what_is_committed_is_what_the_generator_writes(name):
    committed = (ROOT / name).read_text(encoding="utf-8")
    assert committed == OUTPUTS[name](), "stale: run python -m m2t3.clients.schema"


def test_the_vectors_as_committed_mean_to_python_what_they_say():
    assert [vector for vector, _ in VECTORS] == vectors()
    for (_, topic, payload), said in VECTORS:
        assert verdict(topic, payload) == said


def test_the_vectors_cover_every_field_and_every_kind_of_refusal():
    asked = {vector.name: said for vector, said in VECTORS}
    for topic in fields.subscribed():
        name = topic.message_type.__name__
        for field in msgspec.structs.fields(topic.message_type):
            expected = "refused schema" if field.required or field.name == "v" else "means "
            assert asked[f"{name} without {field.name}"].startswith(expected)
    kinds = {said.split()[1] for said in asked.values() if said.startswith("refused")}
    assert kinds == {"malformed", "version", "schema", "joint_count", "bone_count", "topic"}


def test_every_array_says_its_shape():
    for record in fields.definitions(list(topics.TOPICS)):
        for field in record.fields:
            if isinstance(field.type, fields.Array):
                assert re.match(r"\(\w+,( \d+)?\)", field.comment), f"{record.name}.{field.name}"


def test_what_the_generator_does_not_know_is_refused_in_words():
    class Odd(msgspec.Struct):
        when: complex

    with pytest.raises(TypeError, match=r"Odd\.when: teach clients/schema the type"):
        fields._definition(Odd)
