"""The program: from an experiment to the files of its report.

Here belongs the order of phases. What a section computes, how a picture is drawn and how a page looks does not.
"""
