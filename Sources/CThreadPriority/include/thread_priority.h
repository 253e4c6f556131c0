// This header declares nothing. See thread_priority.c.
