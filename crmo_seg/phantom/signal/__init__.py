"""How bright each tissue is: relaxation times, sequence equations, randomised contrast, and the palette they give."""
