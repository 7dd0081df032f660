import subprocess
import sys

import pytest

PROGRAM = """
import sys
import nse_tf
assert not {"tensorflow", "keras", "numpy"} & set(sys.modules)
from nse_tf import Choice
assert Choice.__name__ == "Choice" and nse_tf.Choice is Choice
"""


def test_importing_the_package_imports_nothing_until_choice_is_asked() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)


def test_other_names_are_missed_as_usual() -> None:
    import nse_tf

    with pytest.raises(AttributeError, match="no attribute 'Coice'"):
        nse_tf.Coice  # noqa: B018
