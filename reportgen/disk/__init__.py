"""Files, locks and process isolation: the only room that knows how bytes reach a disk safely.

Here belong reading and writing that survive kills, full disks and symbolic links, and the isolation from files and
settings of others. The meaning of the files does not belong here.
"""
