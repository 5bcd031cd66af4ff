"""The contact sheet: every face once, in its order."""

import numpy as np
import pytest

from f2p_deploy.export.calibration.contact_sheet import COLUMNS, EDGE, contact_sheet


@pytest.mark.parametrize("count", [1, 5, 64, 700])
def test_every_face_has_its_place(count: int) -> None:
    faces = [np.full((128, 128, 3), number % 200, np.uint8) for number in range(count)]
    sheet = np.array(contact_sheet(faces))
    columns = sheet.shape[1] // EDGE
    assert columns <= COLUMNS and sheet.shape[0] // EDGE * columns >= count
    middles = sheet[EDGE // 2 :: EDGE, EDGE // 2 :: EDGE, 0].reshape(-1)
    assert middles[:count].tolist() == [number % 200 for number in range(count)]
    assert (middles[count:] == 255).all()
