"""Executors: who does the work. Each is a `concurrent.futures.Executor`, made by a registered function.

Jobs are top-level functions with plain arguments, so that they can travel to another process.
"""

from collections.abc import Callable
from concurrent.futures import Executor

from reportgen.registry import Registry

executors: Registry[Callable[[], Executor]] = Registry("executor", __name__)
