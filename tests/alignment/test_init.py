import subprocess
import sys


def test_importing_alignment_loads_nothing_heavy() -> None:
    code = (
        "import sys, f2p_deploy.alignment\n"
        "print([name for name in ('torch', 'mediapipe', 'skimage', 'scipy', 'cv2') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_every_public_name_is_there() -> None:
    import f2p_deploy.alignment as alignment

    assert all(hasattr(alignment, name) for name in alignment.__all__)
