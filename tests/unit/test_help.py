"""What --help says, on every level."""

import click
import pytest

from jobs.cli import anirec


def commands(group, path):
    """Every command below a group with its name, groups included."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


EVERY = dict(commands(anirec, "anirec"))


@pytest.mark.parametrize("name", EVERY)
def test_it_has_an_example(name):
    assert "Example: " in EVERY[name].help
    assert name in EVERY[name].help


@pytest.mark.parametrize("name", EVERY)
def test_each_option_says_what_it_is_for(name):
    options = [one for one in EVERY[name].params if isinstance(one, click.Option)]

    assert [one.name for one in options if not one.help] == []


@pytest.mark.parametrize("name", EVERY)
def test_its_line_in_the_list_is_whole(name):
    assert not EVERY[name].get_short_help_str(70).endswith("...") or name.count(" ") == 1
