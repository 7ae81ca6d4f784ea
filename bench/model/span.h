/* An interval of time that the kernel keeps to, in seconds. */
#pragma once

struct span {
    double lo, hi;
};
