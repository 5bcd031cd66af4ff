"""The rule for "high-quality front-view" faces, from which the content loss and the priors learn (section 3.6).

The paper gives no numbers. Angles and sharpness are those by which `run` recommends iterative generation, see
`f2p_deploy.alignment.judgement`; docs/training.md says which real portraits each limit leaves out.
"""

from dataclasses import dataclass

import numpy as np

from f2p_deploy.alignment.judgement import FRONTAL_PITCH, FRONTAL_YAW, SHARP

#: Smallest distance of the outer eye corners in pixels. `run` asks for 55, at which 178 of 193 frontal portraits of 170
#: to 250 pixels are left out; they are clear to the eye down to about 36.
TRAINED_EYE_DISTANCE = 40.0


@dataclass(frozen=True)
class FrontView:
    """The limits of a high-quality front view. A value that is not known, None or NaN, is within every limit.

    Args:
        yaw: largest yaw of the head in degrees, to either side.
        pitch: largest pitch in degrees, up or down.
        sharpness: smallest sharpness, see `f2p_deploy.alignment.sharpness`; 0 for none.
        eye_distance: smallest distance of the outer eye corners in pixels of the photo; 0 for none.
    """

    yaw: float = FRONTAL_YAW
    pitch: float = FRONTAL_PITCH
    sharpness: float = SHARP
    eye_distance: float = TRAINED_EYE_DISTANCE

    @property
    def described(self) -> str:
        """The limits in words."""
        return (
            f"yaw to {self.yaw:g} and pitch to {self.pitch:g} degrees, sharpness from {self.sharpness:g}, "
            f"{self.eye_distance:g} pixels from eye to eye"
        )

    def suits(
        self,
        yaw: np.ndarray,
        pitch: np.ndarray | None = None,
        sharpness: np.ndarray | None = None,
        eye_distance: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return (N,) bool: the faces within all limits, from (N,) values of each.

        Example:
            >>> FrontView().suits(np.array([3.0, -16.0, 0.0]), sharpness=np.array([90.0, 90.0, 12.0])).tolist()
            [True, False, False]
        """
        faults = np.abs(yaw) > self.yaw
        if pitch is not None:
            faults |= np.abs(pitch) > self.pitch
        if sharpness is not None:
            faults |= sharpness < self.sharpness
        if eye_distance is not None:
            faults |= eye_distance < self.eye_distance
        return ~faults


#: The limits of presets that name no others.
DEFAULT_FRONT_VIEW = FrontView()
