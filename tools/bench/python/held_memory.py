"""Takes so many bytes from the machine and frees all but every 16th page of them, so that what is free is in pieces of at most 60 KiB; keeps them until its input ends."""
import mmap
import sys

size = int(sys.argv[1])
kept = 16 * mmap.PAGESIZE
memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory.madvise(mmap.MADV_NOHUGEPAGE)
for at in range(0, size, mmap.PAGESIZE):
    memory[at] = 1
for at in range(0, size - kept + 1, kept):
    memory.madvise(mmap.MADV_DONTNEED, at + mmap.PAGESIZE, kept - mmap.PAGESIZE)
print("held", flush=True)
sys.stdin.read()
