"""The parts of a face that every network and engine names the same way."""

#: The classes of the Helen data set (Smith et al. 2013), the order of F_seg's outputs and of label maps.
HELEN_CLASSES = (
    "background",
    "skin",
    "left-brow",
    "right-brow",
    "left-eye",
    "right-eye",
    "nose",
    "upper-lip",
    "inner-mouth",
    "lower-lip",
    "hair",
)

#: The points by which faces are aligned, named from the viewer's side: left is left in the picture.
LANDMARKS = ("left-eye", "right-eye", "nose-tip", "mouth-left", "mouth-right")

#: The classes by whose regions the five landmarks can be read off a face.
POINT_CLASSES = ("left-eye", "right-eye", "nose", "upper-lip", "inner-mouth", "lower-lip")
