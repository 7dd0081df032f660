"""Settings of a search tell apart what decides its outcome."""

import dataclasses

from nse_tf.costs import Budget, CostModel
from nse_tf.methods.search_settings import search_settings
from nse_tf.spaces import every_shape
from tests.costs.strategies import shaped_table
from tests.spaces.tiny_widths import HALVES


def test_settings_tell_tables_of_narrow_shapes_apart() -> None:
    """A row that only narrow networks have is part of the digest."""
    table = shaped_table(HALVES)
    key = every_shape(HALVES)[0].cost_key("mbconv_k3_e3")
    row = dataclasses.replace(table.rows[key], latency_ms=77.0)
    other = dataclasses.replace(table, rows={**table.rows, key: row})
    config = Budget()
    digests = {
        search_settings("any", CostModel(HALVES, each), Budget(), config)[
            "costs"
        ]
        for each in (table, other)
    }
    assert len(digests) == 2
