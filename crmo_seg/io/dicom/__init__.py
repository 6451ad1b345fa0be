"""DICOM in and out: which stacks of slices a folder holds, their volumes, and results that go back to the PACS.

`read` finds stacks and their signal, `choose` says which are analysed, `compose` joins them to one volume;
`examination` does all three. `write` makes the results, `stow` sends them. `synthetic` writes phantoms as a scanner
would. The other files are what all of these share.
"""
