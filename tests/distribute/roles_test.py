import pytest

from nse_tf.distribute.roles import VARIABLES, Role, chief_address, present_role


@pytest.mark.parametrize(
    ("name", "role"),
    [("chief", Role.CHIEF), ("my-chief-1", Role.CHIEF), ("w0", Role.WORKER)],
)
def test_keras_tuner_s_variables_decide_the_role(
    monkeypatch: pytest.MonkeyPatch, name: str, role: Role
) -> None:
    assert present_role() is Role.ALONE
    for variable, value in zip(VARIABLES, (name, "h", "7"), strict=True):
        monkeypatch.setenv(variable, value)
    assert present_role() is role
    assert chief_address() == "h:7"


@pytest.mark.parametrize("given", VARIABLES)
def test_some_of_them_alone_are_refused(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv(given, "x")
    missing = ", ".join(name for name in VARIABLES if name != given)
    with pytest.raises(ValueError, match=f"lacks {missing}: "):
        present_role()


@pytest.mark.parametrize("empty", VARIABLES)
def test_one_that_is_empty_is_refused(
    monkeypatch: pytest.MonkeyPatch, empty: str
) -> None:
    for variable in VARIABLES:
        monkeypatch.setenv(variable, "1")
    monkeypatch.setenv(empty, "")
    with pytest.raises(ValueError, match=f"{empty} is set, but empty: unset"):
        present_role()
