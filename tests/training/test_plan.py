"""Which images share a batch: each once, alike in size, in an order that follows from the seed."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crnn_deploy.training.plan import Buckets, epoch_plan

counts = st.lists(st.integers(1, 40), min_size=1, max_size=6)


@given(together=counts, batch_size=st.integers(1, 17), processes=st.integers(1, 5))
def test_each_image_is_in_one_batch_with_others_of_its_length(
    together: list[int], batch_size: int, processes: int
) -> None:
    buckets = np.random.default_rng(0).permutation(np.repeat(np.arange(len(together), dtype=np.int32), together))
    plan = epoch_plan(Buckets.of(buckets), np.array(together), batch_size, (3, 1))
    batches = [plan.part(place, 0, 1) for place in range(len(plan))]
    assert sorted(item for batch in batches for item in batch) == list(range(sum(together)))
    assert all(1 <= len(batch) <= batch_size and len(set(buckets[batch])) == 1 for batch in batches)
    for place, batch in enumerate(batches):
        parts = [plan.part(place, rank, processes) for rank in range(processes)]
        assert {item for part in parts for item in part} == set(batch)
        assert len({len(part) for part in parts}) == 1


def test_the_seed_and_the_epoch_shuffle() -> None:
    buckets = Buckets.of(np.zeros(50, np.int32))
    orders = [epoch_plan(buckets, np.array([50]), 8, seed).order for seed in ((0, 0), (0, 0), (0, 1))]
    assert np.array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[0], orders[2])
