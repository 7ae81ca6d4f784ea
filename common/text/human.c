#include "common/text/human.h"

#include <stdio.h>
#include <string.h>

#define HUMAN_DIGITS 1e18 /* larger numbers are not written out: an int64_t ends soon after */

const char *human_count(int64_t n, char text[static HUMAN_MAX])
{
    char digits[HUMAN_MAX];
    int length = snprintf(digits, sizeof(digits), "%lld", (long long)n);
    int first = n < 0, out = 0;
    for (int i = 0; i < length; i++) {
        if (i > first && (length - i) % 3 == 0)
            text[out++] = ',';
        text[out++] = digits[i];
    }
    text[out] = '\0';
    return text;
}

const char *human_us(double us, char text[static HUMAN_MAX])
{
    if (us < 999.5)
        snprintf(text, HUMAN_MAX, us < 9.95 ? "%.1f us" : "%.0f us", us);
    else if (us < 999.5e3)
        snprintf(text, HUMAN_MAX, us < 99.5e3 ? "%.2f ms" : "%.0f ms", us / 1e3);
    else if (us < 120e6)
        snprintf(text, HUMAN_MAX, "%.2f s", us / 1e6);
    else if (us >= HUMAN_DIGITS)
        snprintf(text, HUMAN_MAX, "%.3g s", us / 1e6);
    else
        snprintf(text, HUMAN_MAX, "%.0f min %.0f s", (double)(int64_t)(us / 60e6),
                 us / 1e6 - 60.0 * (double)(int64_t)(us / 60e6));
    return text;
}

const char *human_ns(int64_t ns, char text[static HUMAN_MAX])
{
    return human_us((double)ns / 1e3, text);
}

const char *human_rate(double per_second, char text[static HUMAN_MAX])
{
    if (per_second >= 9.995 && per_second < HUMAN_DIGITS)
        return human_count((int64_t)(per_second + 0.5), text);
    snprintf(text, HUMAN_MAX, per_second < HUMAN_DIGITS ? "%.2f" : "%.3g", per_second);
    return text;
}

const char *human_bytes(uint64_t bytes, char text[static HUMAN_MAX])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes;
    int unit = 0;
    while (value >= 1024 && unit < 6) {
        value /= 1024;
        unit++;
    }
    snprintf(text, HUMAN_MAX, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return text;
}
