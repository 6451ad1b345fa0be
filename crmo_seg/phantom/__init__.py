"""A synthetic child for training and tests: anatomy from signed distances, edema, STIR signal. No patient data.

``generate.make_patient`` draws one; ``presets`` says how hard it is. Shapes are in RAS+ mm throughout.
"""
