#include "common/text/say.h"

#include <stdarg.h>
#include <stdio.h>

int say(char **ret_message, int r, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(ret_message, format, arguments) < 0)
        *ret_message = NULL;
    va_end(arguments);
    return r;
}
