"""The student's lab: six tasks with starter code, checks that know the mistakes by name, and solutions.

It uses the public surface of fastmlp only. Running the lab as a study is the business of `study`; printing, of `cli`.
"""

from .checking import check as check
