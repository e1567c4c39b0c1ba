"""The entry point of `crnn-deploy` and `python -m crnn_deploy`.

Nothing may be imported before the current folder has left the path.
"""

import sys

if __name__ == "__main__" and not getattr(sys.flags, "safe_path", False):
    sys.path.pop(0)  # the current folder, by -m

from crnn_deploy.import_path import import_path


def main() -> None:
    """Run the command line and exit with its code."""
    sys.path[:] = import_path()
    from crnn_deploy.cli import streams

    try:
        from crnn_deploy.cli import app

        app.main()
    except KeyboardInterrupt:  # while modules are imported
        sys.exit(streams.interrupted())
    except MemoryError:
        sys.exit(streams.out_of_memory())
    except ModuleNotFoundError as error:
        sys.exit(streams.incomplete(error))


if __name__ == "__main__":
    main()
