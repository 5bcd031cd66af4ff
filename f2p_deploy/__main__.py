"""`python -m f2p_deploy` is `f2p-deploy`."""

from f2p_deploy.cli import main

if __name__ == "__main__":
    main()
