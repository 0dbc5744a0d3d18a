"""The faults that tests must see are faults of the code as it stands (``make mutants`` tries them)."""

from tests import mutants


def test_every_fault_has_its_place():
    every = mutants.faults([])
    assert len(every) >= 80
    assert mutants.misplaced(every) == []
    assert len({(fault["file"], fault["name"]) for fault in every}) == len(every)
    assert all(fault["old"] != fault["new"] for fault in every)
