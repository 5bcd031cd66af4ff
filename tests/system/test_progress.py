"""Progress: any callable of three words will do, and nobody has to listen."""

from f2p_deploy.system.progress import Progress, silent


def test_nobody_has_to_listen() -> None:
    listener: Progress = silent
    assert listener("compiling") is None and listener("compiling", 1, 2) is None
