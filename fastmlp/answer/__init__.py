"""The user's own problem, answered: from labelled rows and a pretrained network to advice, a model and predictions.

Its business is what `fastmlp fit` and `fastmlp predict` do. Strategies are compared by `fastmlp.estimators`, tables are
read by `fastmlp.interchange`, and pages are rendered by `fastmlp.report`.
"""

from .answering import Answer as Answer
from .answering import answer as answer
from .page import write_pages as write_pages
from .predicting import predictions as predictions
from .question import Question as Question
from .question import question_of_backbone as question_of_backbone
from .question import question_of_settings as question_of_settings
from .question import question_of_table as question_of_table
