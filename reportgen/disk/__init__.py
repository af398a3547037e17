"""Files, locks and process isolation: the only room that knows how bytes reach a disk safely.

Here belong reading and writing that survive kills, full disks and symbolic links, and what keeps files of others out.
What the files mean does not belong here.
"""
