"""How transferable is each layer: accuracy by how many layers are copied, frozen or probed; Yosinski's experiment.

Not here: what a strategy does to each layer, which is in `transfer`, nor how far layers moved, in `inside`.
"""

from ...chapter import Chapter
from .numbers import drawn, numbers
from .tables import layers, protocol

chapter = Chapter("layers", numbers, tables=(layers, protocol), figures=("layers",), filters=(drawn,))
