"""The names of a face's parts and landmarks, shared by every network and engine."""

#: The classes of the Helen data set (Smith et al. 2013), in the order of F_seg's outputs and of label maps.
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

#: The landmarks that faces are aligned by. Left is the left of the picture.
LANDMARKS = ("left-eye", "right-eye", "nose-tip", "mouth-left", "mouth-right")

#: The classes from whose regions the five landmarks can be computed.
POINT_CLASSES = ("left-eye", "right-eye", "nose", "upper-lip", "inner-mouth", "lower-lip")
