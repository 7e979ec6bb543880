"""Kernels between guard pages: whoever touches memory beside its arrays dies.

``python -m bench guard`` calls the compiled kernels with random arguments. Every array that a kernel gets lies in a
mapping of its own, between two pages that nobody may touch. Results are compared with those of plain memory, bit by
bit, and with the reference: an access to the wrong place of the right array is no business of a page.

==========  ==========================================================================================
`cases`     what is drawn: a case is a few numbers, and a new kind of argument is one more of them
`calls`     the arrays of a case, and the call that it stands for, on either backend
`pages`     arrays between pages, and kernels that get nothing else
`worker`    the process that a kernel may kill
`command`   the options, and a sentence for each case that failed
==========  ==========================================================================================

Pages are protected by `mprotect`, and a case that fails is known by its signal, so all this runs on Linux only;
elsewhere the command says so and gives no verdict.
"""
