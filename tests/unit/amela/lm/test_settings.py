import pytest

from amela.lm.settings import LMSettings


def test_plain_values_make_the_same_settings_again(make_settings):
    settings = make_settings(deduplicate=True)
    assert LMSettings(**settings.to_dict()) == settings


@pytest.mark.parametrize("change", ["left out", "unknown"])
def test_settings_are_complete_and_known(make_settings, change):
    values = make_settings().to_dict()
    if change == "left out":
        del values["hidden"]
    else:
        values["heads"] = 8
    with pytest.raises(TypeError, match="hidden|heads"):
        LMSettings(**values)
