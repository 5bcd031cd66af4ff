"""The editor's page on a server that only this machine reaches: `f2p-deploy edit`."""
