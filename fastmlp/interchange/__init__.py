"""Networks in and out: files of models, and networks of other libraries.

A file is written and read here as a state, see `fastmlp.state`; which classes there are is the business of
`fastmlp.models`. Other libraries are imported inside functions, and are no requirement of anything else.
"""
