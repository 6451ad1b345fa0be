"""Augmentation of training patches: where a patch is cut, how its signal changes, artefacts of whole-body MRI.

Transforms of the window (``spatial``) only change where a patch will be cut; the cut itself reads each array once and
interpolates at most once. All others change the patch afterwards.
"""
