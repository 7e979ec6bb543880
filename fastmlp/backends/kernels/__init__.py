"""The compiled training step: whole trainings as one call, the products they are made of, and the memory they use.

Nothing here draws random numbers, allocates memory or knows the caller's arrays; `compiled` prepares those. How the
inner loops become instructions is the business of `codegen`.
"""
