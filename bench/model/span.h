/* An interval in which something happens, in seconds. */
#pragma once

struct span {
    double lo, hi;
};
