"""Models made without checks are those that the checks would have let through."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from contracts.observation import Channel, Facts, Observation, longest, trusting
from contracts.status import DossierStatus

MOMENTS = st.datetimes(timezones=st.just(UTC))
FACTS = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(list(DossierStatus)),
        "status_raw": st.text(min_size=1, max_size=500),
        "procedure_code": st.text(max_size=80),
        "due_at": MOMENTS,
        "applicant_name": st.text(max_size=500),
        "note": st.text(max_size=4000),
    },
)


@given(facts=FACTS, occurred_at=MOMENTS, revision=st.none() | st.integers(0, 2**63 - 1))
def test_what_is_trusted_is_like_what_is_checked(
    facts: dict[str, object], occurred_at: datetime, revision: int
) -> None:
    said = {
        "agency": "so-x",
        "code": "H21.99-261120-0001",
        "occurred_at": occurred_at,
        "revision": revision,
        "observed_at": occurred_at,
        "channel": Channel.PULL,
    }
    checked = Observation.model_validate(said | {"facts": facts})
    made = trusting(Observation)(said | {"facts": trusting(Facts)(facts)})
    assert made == checked
    assert made.facts.model_fields_set == checked.facts.model_fields_set
    assert made.model_dump_json(exclude_unset=True) == checked.model_dump_json(exclude_unset=True)
    assert made.model_dump() == checked.model_dump()
    assert repr(made) == repr(checked)


def test_the_longest_texts_are_told() -> None:
    assert longest(Facts)["note"] == 4000
    assert longest(Facts)["procedure_code"] == 80
    assert longest(Observation)["code"] == 80
    assert "due_at" not in longest(Facts)
