"""The test for frontal, sharp and large faces, for which the paper recommends iterative generation."""

import math

from f2p_deploy.alignment.aligned_face import AlignedFace

#: Largest yaw and pitch in degrees. Of 147 official portraits, 97 % have less than 15 degrees of yaw, and all less than
#: 20 of pitch. Beyond, nose and far cheek no longer match those of the frontal character.
FRONTAL_YAW = 15.0
FRONTAL_PITCH = 20.0

#: Smallest sharpness in the unit of `sharpness_and_brightness`. The same portraits have 64 to 173. Blurred with a
#: Gaussian of sigma 1 pixel (aligned face of 256 pixels), 30 of them have 43 to 76; with sigma 2, 21 to 38.
SHARP = 40.0

#: Smallest distance of the outer eye corners in pixels. If those portraits are shrunk, their sharpness stays the same
#: down to 60 pixels; at 50 it is a sixth lower, at 40 a third.
LARGE_EYE_DISTANCE = 55.0


def frontal_sharp_large(aligned: AlignedFace) -> tuple[bool, str]:
    """Judge if a face is frontal, sharp and large enough for iterative generation.

    Returns:
        True or False, and the reason as a clause ("the head is turned by 22 degrees").
    """
    face = aligned.landmarks
    yaw, pitch, eyes = abs(face.yaw or 0.0), abs(face.pitch or 0.0), face.eye_distance or 0.0
    # Values beyond a limit are rounded away from it, so that no message shows the limit itself.
    faults = []
    if yaw > FRONTAL_YAW:
        faults.append(f"the head is turned by {math.ceil(yaw)} degrees (limit {FRONTAL_YAW:.0f})")
    if pitch > FRONTAL_PITCH:
        faults.append(f"the head is tilted by {math.ceil(pitch)} degrees (limit {FRONTAL_PITCH:.0f})")
    if aligned.sharpness < SHARP:
        faults.append(f"the face is blurred (sharpness {math.floor(aligned.sharpness)}, limit {SHARP:.0f})")
    if eyes < LARGE_EYE_DISTANCE:
        between = f"{math.floor(eyes)} pixels between the outer eye corners"
        faults.append(f"the face is small ({between}, limit {LARGE_EYE_DISTANCE:.0f})")
    if faults:
        return False, " and ".join(faults)
    return True, f"the face is frontal ({yaw:.0f} degrees), sharp and {eyes:.0f} pixels wide from eye to eye"
