"""Facts on what a model learnt, from what and from which start: they fit each other, and wrong ones are refused."""

import pytest

from lib import models
from lib.ground import WrongUse
from lib.models import cards
from lib.models.cards import Card
from lib.training.recipes import RECIPES

EVERY = {name: models.card(name) for name in models.names()}
ROW = {"name": "echo", "loader": "baselines"}


def test_starts_and_recipes_are_models_of_the_roster():
    for name, facts in EVERY.items():
        for key in ("tuned_from", "recipe"):
            assert facts.get(key, name) in EVERY, f"{name}: {key}"
        assert facts.get("tuned_from") != name
        assert all(isinstance(diet, str) for diet in facts.get("diets", [])), name
        assert ("diets" in facts) == ("task" in facts), name


def test_one_training_of_a_recipe_has_one_seed():
    marks = [(facts["recipe"], facts["seed"]) for facts in EVERY.values() if "recipe" in facts]
    assert len(set(marks)) == len(marks)
    assert {recipe for recipe, _ in marks} <= set(RECIPES)


def test_rows_of_the_small_models_say_what_their_recipes_do():
    for name, facts in EVERY.items():
        if "recipe" in facts:
            made = RECIPES[facts["recipe"]]
            heard = {"digits": "speech", "voices": "speech", "languages": "speech"}
            heard |= {"effects": "environment", "orchestra": "music"}
            start = EVERY[facts["tuned_from"]]["diets"] if "tuned_from" in facts else []
            assert {heard.get(diet, diet) for diet in made.diets} | set(start) == set(facts["diets"]), name
            assert bool(made.start) == ("tuned_from" in facts), name


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"task": "labelz"}, "the row of 'echo' has an unknown task 'labelz'. Did you mean 'labels'"),
        ({"diets": "speech"}, "has diets: 'speech'; expected a list"),
        ({"recipe": "echo"}, "has a recipe or a seed and needs both"),
        ({"seed": 1}, "has a recipe or a seed and needs both"),
        ({"recipe": "echo", "seed": "one"}, "has seed: 'one'; expected a whole number"),
    ],
)
def test_wrong_facts_are_refused_with_row_and_key(changes, message, monkeypatch):
    monkeypatch.setattr(cards, "_stored", lambda: [Card(ROW | changes)])
    with pytest.raises(WrongUse) as refused:
        models.card("echo")
    assert message in str(refused.value)
