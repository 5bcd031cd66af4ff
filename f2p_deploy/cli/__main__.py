"""The entry point of `python -m f2p_deploy.cli`, the same as `f2p-deploy`."""

from f2p_deploy.cli import main

if __name__ == "__main__":
    main()
