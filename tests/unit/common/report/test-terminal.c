#include "common/report/terminal.h"

#include <criterion/criterion.h>
#include <stdlib.h>

Test(terminal, colour_is_for_terminals_unless_asked_for)
{
    FILE *file = tmpfile();
    unsetenv("NO_COLOR");
    terminal_init("test", TERMINAL_COLOR_AUTO);
    cr_expect_str_eq(terminal_style(file, TERMINAL_BOLD), "");
    terminal_init("test", TERMINAL_COLOR_ALWAYS);
    cr_expect_str_eq(terminal_style(file, TERMINAL_BOLD), "\033[1m");
    setenv("NO_COLOR", "1", 1);
    cr_expect_str_eq(terminal_style(file, TERMINAL_BOLD), "\033[1m",
                     "the option is the stronger wish");
    terminal_init("test", TERMINAL_COLOR_NEVER);
    cr_expect_str_eq(terminal_style(file, TERMINAL_BOLD), "");
    fclose(file);
}

/* A pseudo-terminal stands for the user's. */
static FILE *open_terminal(void)
{
    int master = posix_openpt(2 /* O_RDWR */);
    cr_assert_geq(master, 0);
    cr_assert_eq(grantpt(master) | unlockpt(master), 0);
    return fopen(ptsname(master), "w");
}

Test(terminal, auto_honours_NO_COLOR_and_dumb_terminals)
{
    FILE *tty = open_terminal();
    cr_assert_not_null(tty);
    terminal_init("test", TERMINAL_COLOR_AUTO);
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    cr_expect_str_eq(terminal_style(tty, TERMINAL_BOLD), "\033[1m");
    setenv("NO_COLOR", "", 1);
    cr_expect_str_eq(terminal_style(tty, TERMINAL_BOLD), "\033[1m",
                     "empty means not set (no-color.org)");
    setenv("NO_COLOR", "1", 1);
    cr_expect_str_eq(terminal_style(tty, TERMINAL_BOLD), "");
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    cr_expect_str_eq(terminal_style(tty, TERMINAL_BOLD), "");
    fclose(tty);
}
