"""The images published with this version, each with the digest that its registry reported.

These are the images that runs use; nothing reads the name of the third, `notebook`. Empty in a
checkout: no registry has the images of a version that is not released. A release pushes the images;
`release/pin_images.py` then writes their names here, before the wheel is built.
"""

STEPS = ""
PREDICTOR = ""
