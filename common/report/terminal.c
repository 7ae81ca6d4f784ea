#include "common/report/terminal.h"
#include "common/text/printable.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const char *const terminal_color_words[] = {"auto", "always", "never", NULL};

static const char *terminal_program = "tcplab";
static enum terminal_color terminal_wish;
static bool terminal_line_drawn;
/* several threads may print */
static pthread_mutex_t terminal_mutex = PTHREAD_MUTEX_INITIALIZER;

void terminal_init(const char *program, enum terminal_color color)
{
    terminal_program = program;
    terminal_wish = color;
}

static bool is_dumb(void)
{
    const char *term = getenv("TERM");
    return !term || !*term || !strcmp(term, "dumb");
}

static void wipe(void)
{
    if (terminal_line_drawn)
        fputs("\r\033[K", stderr);
    terminal_line_drawn = false;
}

/* A line without control characters; the caller frees it. NULL without memory. */
static char *terminal_text(const char *format, va_list arguments)
{
    char *raw, *text;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    if (vasprintf(&raw, format, arguments) < 0)
        return NULL;
#pragma GCC diagnostic pop
    text = printable(raw);
    free(raw);
    return text;
}

static void message(const char *format, va_list arguments)
{
    char *text = terminal_text(format, arguments);
    pthread_mutex_lock(&terminal_mutex);
    wipe();
    fprintf(stderr, "%s: %s\n", terminal_program, text ? text : strerror(ENOMEM));
    pthread_mutex_unlock(&terminal_mutex);
    free(text);
}

void terminal_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    message(format, arguments);
    va_end(arguments);
}

void terminal_notice(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    message(format, arguments);
    va_end(arguments);
}

bool terminal_wants_progress(void)
{
    return isatty(STDERR_FILENO);
}

static int width(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col - 1 : 79;
}

static struct winsize terminal_size(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ? (struct winsize){0} : size;
}

int terminal_columns(void)
{
    return terminal_size().ws_col;
}

int terminal_rows(void)
{
    return terminal_size().ws_row;
}

void terminal_progress(const char *format, ...)
{
    if (!terminal_wants_progress())
        return;
    va_list arguments;
    va_start(arguments, format);
    char *line = terminal_text(format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&terminal_mutex);
    if (line && is_dumb())
        fprintf(stderr, "%s\n", line);
    else if (line)
        fprintf(stderr, "\r%.*s\033[K", width(), line);
    terminal_line_drawn = line && !is_dumb();
    pthread_mutex_unlock(&terminal_mutex);
    free(line);
}

void terminal_progress_end(void)
{
    pthread_mutex_lock(&terminal_mutex);
    wipe();
    pthread_mutex_unlock(&terminal_mutex);
}

static bool colors(FILE *out)
{
    const char *no_color = getenv("NO_COLOR");
    if (terminal_wish != TERMINAL_COLOR_AUTO)
        return terminal_wish == TERMINAL_COLOR_ALWAYS;
    int fd = fileno(out); /* a stream in memory is on its way to stdout */
    return isatty(fd < 0 ? STDOUT_FILENO : fd) && !(no_color && *no_color) && !is_dumb();
}

const char *terminal_style(FILE *out, enum terminal_style style)
{
    static const char *const sequences[] = {"\033[0m", "\033[1m", "\033[2m", "\033[32m",
                                            "\033[1;31m"};
    return colors(out) ? sequences[style] : "";
}
