// There is nothing to call here: see thread_priority.c.
