"""The child: sizes, joints, every bone, the outline and the organs. Shapes in RAS+ mm; numbers in statures."""
