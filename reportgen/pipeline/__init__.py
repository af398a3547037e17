"""The program: from an experiment to the files of its report.

The order of phases belongs here. The computations of a section, the drawing of pictures and the look of pages do not.
"""
