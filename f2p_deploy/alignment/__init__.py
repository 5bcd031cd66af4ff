"""From a photo to an aligned face: reading, landmarks, and the similarity transform onto the average face."""

from f2p_deploy.alignment.aligned_face import AlignedFace, align, align_photo
from f2p_deploy.alignment.finders import choose_finder
from f2p_deploy.alignment.judgement import frontal_sharp_large
from f2p_deploy.alignment.landmarker_model import download_landmarker, find_landmarker_model
from f2p_deploy.alignment.landmarks import LandmarkFinder, Landmarks
from f2p_deploy.alignment.landmarks_file import LandmarksFile
from f2p_deploy.alignment.mediapipe import MediaPipeFinder
from f2p_deploy.alignment.network_finder import NetworkFinder
from f2p_deploy.alignment.photo import Photo, decode_photo, open_photo, read_photo

__all__ = [
    "AlignedFace",
    "LandmarkFinder",
    "Landmarks",
    "LandmarksFile",
    "MediaPipeFinder",
    "NetworkFinder",
    "Photo",
    "align",
    "align_photo",
    "choose_finder",
    "decode_photo",
    "download_landmarker",
    "find_landmarker_model",
    "frontal_sharp_large",
    "open_photo",
    "read_photo",
]
