#include "bench/lab/wire_record.h"

#include <errno.h>
#include <sys/mman.h>

int wire_record_new(struct wire_record *r, size_t max)
{
    size_t size;
    if (__builtin_mul_overflow(max, sizeof(*r->segments), &size))
        return -ENOMEM;
    /* Pages that are never written cost nothing. */
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return -errno;
    r->segments = memory;
    r->max = max;
    atomic_init(&r->n, 0);
    return 0;
}

void wire_record_free(struct wire_record *r)
{
    if (r->segments)
        munmap(r->segments, r->max * sizeof(*r->segments));
    r->segments = NULL;
}

struct segment *wire_record_next(struct wire_record *r)
{
    size_t n = atomic_load_explicit(&r->n, memory_order_relaxed);
    return n < r->max ? &r->segments[n] : NULL;
}

void wire_record_add(struct wire_record *r)
{
    atomic_fetch_add_explicit(&r->n, 1, memory_order_release);
}
