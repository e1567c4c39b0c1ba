"""`python -m crnn_deploy` is `crnn-deploy`."""

from crnn_deploy.cli.app import main

main()
