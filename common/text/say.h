/* An error as a sentence for the one who prints it. */
#pragma once

/* Makes the sentence (the caller frees it; NULL without memory) and returns r, so that an error is
 * one statement: return say(ret_message, -EINVAL, "--rate %s: ...", text); */
int say(char **ret_message, int r, const char *format, ...) __attribute__((format(printf, 3, 4)));
