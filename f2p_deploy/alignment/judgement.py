"""Is a face frontal, sharp and large: what the paper asks of a photo before it recommends iterative generation."""

import math

from f2p_deploy.alignment.aligned_face import AlignedFace

#: Degrees. Of 147 official portraits 97 % are turned by less than 15, and all are tilted by less than 20; beyond, nose
#: and far cheek no longer cover what the frontal character shows.
FRONTAL_YAW = 15.0
FRONTAL_PITCH = 20.0

#: In the unit of `sharpness_of`. The same portraits lie between 64 and 173; blurred by 1 pixel of the aligned face
#: (Gaussian sigma, at 256 pixels) 30 of them lie between 43 and 76, by 2 pixels between 21 and 38.
SHARP = 40.0

#: Pixels between the outer eye corners. Down to 60 the sharpness of those portraits does not depend on the size to
#: which they are shrunk; at 50 it has lost a sixth, at 40 a third.
LARGE_EYE_DISTANCE = 55.0


def frontal_sharp_large(aligned: AlignedFace) -> tuple[bool, str]:
    """Judge whether iterative generation suits a photo, as the paper recommends for frontal, sharp, large faces.

    Returns:
        The judgement, and the reason as half a sentence ("the head is turned by 22 degrees").
    """
    face = aligned.landmarks
    yaw, pitch, eyes = abs(face.yaw or 0.0), abs(face.pitch or 0.0), face.eye_distance or 0.0
    # What is above a limit reads so: rounded up where one would take it for the limit itself.
    faults = []
    if yaw > FRONTAL_YAW:
        faults.append(f"the head is turned by {math.ceil(yaw)} degrees (limit {FRONTAL_YAW:.0f})")
    if pitch > FRONTAL_PITCH:
        faults.append(f"the head is tilted by {math.ceil(pitch)} degrees (limit {FRONTAL_PITCH:.0f})")
    if aligned.sharpness < SHARP:
        faults.append(f"the face is blurred (sharpness {math.floor(aligned.sharpness)}, limit {SHARP:.0f})")
    if eyes < LARGE_EYE_DISTANCE:
        between = f"{math.floor(eyes)} pixels between the eye corners"
        faults.append(f"the face is small ({between}, limit {LARGE_EYE_DISTANCE:.0f})")
    if faults:
        return False, " and ".join(faults)
    return True, f"the face is frontal ({yaw:.0f} degrees), sharp and {eyes:.0f} pixels wide from eye to eye"
