"""The six steps of the workflow with a pretrained network: obtain it, base, freeze, new layers, train, fine-tune.

A study that pretrains its own networks has the chapters on those instead.
"""

from ...chapter import Chapter
from .numbers import numbers
from .tables import costs, freed, mistakes, probes, scaled, stages

chapter = Chapter("workflow", numbers, tables=(costs, freed, mistakes, probes, scaled, stages), figures=("costs",))
